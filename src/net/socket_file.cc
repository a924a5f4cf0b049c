#include "net/socket_file.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <system_error>
#include <thread>
#include <utility>

#include <duplex/address.h>

#include "net/posix_socket.h"

namespace duplex::net {
namespace {

constexpr mode_t ownerOnly = S_IRUSR | S_IWUSR;

class Descriptor {
 public:
  explicit Descriptor(int descriptor) noexcept : descriptor_(descriptor) {}
  Descriptor(Descriptor&& other) noexcept : descriptor_(other.release()) {}
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  int get() const noexcept { return descriptor_; }
  int release() noexcept { return std::exchange(descriptor_, -1); }

 private:
  int descriptor_;
};

std::string folderOf(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return std::string(path.substr(0, slash == 0 ? 1 : slash));
}

/// Keeps a second server of ours from the folder until the first listens, for a socket that is bound and
/// does not listen yet looks like one that is left over. Best effort: a folder that cannot be locked, or
/// that somebody else keeps locked, is no reason not to start.
Descriptor lockFolder(std::string_view path) {
  constexpr int tries = 100;
  Descriptor folder(::open(folderOf(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() < 0) return Descriptor(-1);
  for (int i = 0; i < tries && ::flock(folder.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return Descriptor(folder.release());
}

/// A connection to the socket at `path`; without a descriptor, and with `errno`, when there is none.
Descriptor connectTo(const std::string& path, SocketAddress& name) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0 || !S_ISSOCK(status.st_mode)) {
    errno = ENOTSOCK;
    return Descriptor(-1);
  }
  Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (socket.get() < 0 || ::connect(socket.get(), name.get(), name.size) == 0) return socket;
  return Descriptor(-1);
}

/// Whether a socket lies at `path` that nobody listens on. A process that used io_uring and was killed
/// gives its socket up some milliseconds after its end, and with it what has connected: so long a
/// connection waits for that, and a second one decides.
bool isLeftOver(const std::string& path, SocketAddress& name) {
  constexpr int milliseconds = 100;
  {
    const Descriptor first = connectTo(path, name);
    if (first.get() < 0) return errno == ECONNREFUSED;
    pollfd hangUp{.fd = first.get(), .events = 0, .revents = 0};
    ::poll(&hangUp, 1, milliseconds);
  }
  return connectTo(path, name).get() < 0 && errno == ECONNREFUSED;
}

}  // namespace

SocketFile SocketFile::at(std::string_view path) {
  SocketFile file;
  file.path_ = path;
  struct stat status {};
  if (path.empty() || ::lstat(file.path_.c_str(), &status) != 0) return {};
  file.device_ = status.st_dev;
  file.inode_ = status.st_ino;
  return file;
}

void SocketFile::setPermissions(unsigned mode) const {
  if (::fchmodat(AT_FDCWD, path_.c_str(), mode, AT_SYMLINK_NOFOLLOW) != 0) {
    throw std::system_error(errno, std::generic_category(), "permissions of " + path_);
  }
}

void SocketFile::remove() const noexcept {
  struct stat status {};
  if (::lstat(path_.c_str(), &status) != 0) return;
  if (status.st_dev == device_ && status.st_ino == inode_) ::unlink(path_.c_str());
}

int openUnixListener(std::string_view path, int backlog) {
  const Address address = Address::unixSocket(path);
  const auto fail = [&](int error) {
    throw std::system_error(error, std::generic_category(), "listen on " + address.string());
  };
  if (address.path().empty()) fail(EINVAL);
  Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  // What is bound gets the permissions that the socket has.
  if (socket.get() < 0 || ::fchmod(socket.get(), ownerOnly) != 0) fail(errno);

  const std::string file(path);
  const Descriptor lock = lockFolder(path);
  SocketAddress name(address);
  int bound = ::bind(socket.get(), name.get(), name.size);
  if (bound != 0 && errno == EADDRINUSE) {
    if (!isLeftOver(file, name)) fail(EADDRINUSE);
    if (::unlink(file.c_str()) != 0) fail(errno);
    bound = ::bind(socket.get(), name.get(), name.size);
  }
  if (bound != 0 || ::listen(socket.get(), backlog) != 0) fail(errno);
  return socket.release();
}

}  // namespace duplex::net
