#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <ctime>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/bytes.h"

namespace duplex::http {

/// An open file or folder: owns its descriptor.
class File {
 public:
  File() noexcept = default;
  File(File&& other) noexcept { *this = std::move(other); }
  File& operator=(File&& other) noexcept;
  ~File() { close(); }

  /// Opens `path` for reading, taken from `root` and unable to leave it by `..`, a link or a mount's
  /// magic. With an empty `root` the path is taken as it stands. Never blocks on a pipe or a device:
  /// what is neither a file nor a folder is reported as not there.
  static File open(const File& folder, const char* path, std::error_code& error) noexcept;
  static File open(const char* path, std::error_code& error) noexcept;

  explicit operator bool() const noexcept { return descriptor_ >= 0; }
  bool isFolder() const noexcept { return folder_; }
  /// As it was when opened.
  std::uint64_t size() const noexcept { return size_; }
  timespec modified() const noexcept { return modified_; }

  /// Reads at `offset`; fewer bytes than `out` has room for only at the end of the file. 0 also for an
  /// error.
  std::size_t read(std::uint64_t offset, MutableBytes out) const noexcept;

 private:
  static File take(int descriptor, std::error_code& error) noexcept;
  void close() noexcept;

  int descriptor_ = -1;
  bool folder_ = false;
  std::uint64_t size_ = 0;
  timespec modified_{};
};

/// A part of a file as the body of an answer.
struct FileBody {
  File file;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

}  // namespace duplex::http
