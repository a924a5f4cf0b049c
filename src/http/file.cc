#include "http/file.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <string>

namespace duplex::http {

namespace {

// O_NONBLOCK: to open a pipe must not wait for its writer.
constexpr int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

std::error_code lastError() noexcept {
  return {errno, std::generic_category()};
}

/// For kernels without openat2 (before 5.6) and for filters that forbid it: opens the path and then
/// looks where that led.
int openAndCheck(int folder, const char* path) noexcept {
  const int descriptor = ::openat(folder, path, flags);
  if (descriptor < 0) return -1;
  char base[PATH_MAX];
  char found[PATH_MAX];
  const auto nameOf = [](int number, char* out) {
    const std::string link = "/proc/self/fd/" + std::to_string(number);
    const ssize_t size = ::readlink(link.c_str(), out, PATH_MAX - 1);
    out[size < 0 ? 0 : size] = '\0';
    return size > 0;
  };
  if (nameOf(folder, base) && nameOf(descriptor, found)) {
    const std::size_t length = std::strcmp(base, "/") == 0 ? 0 : std::strlen(base);
    if (std::strncmp(base, found, length) == 0 && (found[length] == '/' || found[length] == '\0')) {
      return descriptor;
    }
  }
  ::close(descriptor);
  errno = EXDEV;
  return -1;
}

int openBeneath(int folder, const char* path) noexcept {
  open_how how{};
  how.flags = static_cast<unsigned>(flags);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  const long descriptor = ::syscall(SYS_openat2, folder, path, &how, sizeof how);
  if (descriptor >= 0) return static_cast<int>(descriptor);
  return errno == ENOSYS || errno == EPERM ? openAndCheck(folder, path) : -1;
}

}  // namespace

File& File::operator=(File&& other) noexcept {
  if (this != &other) {
    close();
    descriptor_ = std::exchange(other.descriptor_, -1);
    folder_ = other.folder_;
    size_ = other.size_;
    modified_ = other.modified_;
  }
  return *this;
}

File File::open(const File& folder, const char* path, std::error_code& error) noexcept {
  return take(openBeneath(folder.descriptor_, path), error);
}

File File::open(const char* path, std::error_code& error) noexcept {
  return take(::open(path, flags), error);
}

File File::take(int descriptor, std::error_code& error) noexcept {
  File file;
  error = descriptor < 0 ? lastError() : std::error_code();
  if (error) return file;
  file.descriptor_ = descriptor;
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) {
    error = lastError();
  } else if (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)) {
    error = std::make_error_code(std::errc::no_such_file_or_directory);
  }
  if (error) return {};
  file.folder_ = S_ISDIR(status.st_mode);
  file.size_ = static_cast<std::uint64_t>(status.st_size);
  file.modified_ = status.st_mtim;
  return file;
}

void File::close() noexcept {
  if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
}

std::size_t File::read(std::uint64_t offset, MutableBytes out) const noexcept {
  std::size_t done = 0;
  while (done < out.size()) {
    const ssize_t size =
        ::pread(descriptor_, out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) break;
    done += static_cast<std::size_t>(size);
  }
  return done;
}

}  // namespace duplex::http
