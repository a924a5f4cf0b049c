#pragma once

#include <liburing.h>

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

namespace floorServer {

/// Memory that the kernel receives into, for all connections of a ring. Where it can (Linux 6.12), it fills
/// a buffer piece by piece, so that what arrives in a turn lies together; else a buffer holds one piece.
class BufferRing {
 public:
  static constexpr int group = 0;

  /// Throws std::system_error.
  explicit BufferRing(io_uring& ring);

  /// The bytes that a completion tells of, and a hold on their buffer, which is its number.
  std::span<std::byte> take(const io_uring_cqe& completion, unsigned& buffer) noexcept;
  void hold(unsigned buffer) noexcept { ++buffers_[buffer].holds; }
  /// Ends one hold.
  void release(unsigned buffer) noexcept;

 private:
  struct Buffer {
    std::size_t filled = 0;
    unsigned holds = 0;
    /// The kernel is done with it.
    bool spent = false;
  };

  bool offer(io_uring& ring, bool pieces) noexcept;
  void give(unsigned buffer) noexcept;
  std::byte* begin(unsigned buffer) noexcept { return memory_.get() + buffer * size_; }

  std::unique_ptr<std::byte[]> memory_;
  std::size_t size_ = 0;
  std::vector<Buffer> buffers_;
  io_uring_buf_ring* ring_ = nullptr;
  bool pieces_ = false;
};

}  // namespace floorServer
