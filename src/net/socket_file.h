#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace duplex::net {

/// The file that stands for a Unix socket which is listened on: this very file, not what may lie at its
/// path later.
class SocketFile {
 public:
  /// None.
  SocketFile() noexcept = default;
  /// What lies at `path`; none if nothing does.
  static SocketFile at(std::string_view path);

  explicit operator bool() const noexcept { return inode_ != 0; }
  /// Sets who may connect: those who may write (unix(7)). Throws std::system_error, also where a symbolic
  /// link has come into its place, which is not followed.
  void setPermissions(unsigned mode) const;
  /// Deletes it, unless something else lies at its path by now. To be called while the socket is open:
  /// until then no other file can be taken for it.
  void remove() const noexcept;

 private:
  std::string path_;
  std::uint64_t device_ = 0;
  std::uint64_t inode_ = 0;
};

/// A socket that is bound to `path`, for its owner alone, and listens; see `openListener`. A file that a
/// server left behind when it died is replaced: a socket that nobody listens on. Anything else at that path
/// is "in use".
int openUnixListener(std::string_view path, int backlog);

}  // namespace duplex::net
