#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "base/bytes.h"

namespace duplex::protocol {

/// The last of what has been inflated, which what comes may refer to (RFC 1951 §2, RFC 7692 §7.2.2). It
/// takes no more memory than has arrived, and at most one and a half windows.
class InflateWindow {
 public:
  /// Of 2^`bits` bytes.
  explicit InflateWindow(int bits) noexcept : size_(std::size_t{1} << bits) {}

  /// At most as many as the window has.
  Bytes bytes() const noexcept { return Bytes(bytes_).last(std::min(bytes_.size(), size_)); }

  void append(Bytes inflated) {
    inflated = inflated.last(std::min(inflated.size(), size_));
    const std::size_t most = size_ + size_ / 2;
    if (bytes_.size() + inflated.size() > most) keep(size_ - inflated.size());
    const std::size_t needed = bytes_.size() + inflated.size();
    if (needed > bytes_.capacity()) bytes_.reserve(std::min(std::max(needed, 2 * bytes_.size()), most));
    bytes_.insert(bytes_.end(), inflated.begin(), inflated.end());
  }

  /// Gives back what can be done without.
  void trim() {
    keep(size_);
    bytes_.shrink_to_fit();
  }
  /// Bytes of memory beside its own.
  std::size_t memory() const noexcept { return bytes_.capacity(); }

 private:
  void keep(std::size_t size) {
    if (bytes_.size() > size) bytes_.erase(bytes_.begin(), bytes_.end() - static_cast<std::ptrdiff_t>(size));
  }

  std::size_t size_;
  std::vector<std::byte> bytes_;
};

}  // namespace duplex::protocol
