#pragma once

#include <liburing.h>

#include <cstddef>
#include <memory>
#include <vector>

#include "base/bytes.h"

namespace duplex::net {

/// The memory that the kernel receives into: a ring of buffers, which it takes from as data comes, so
/// that a connection that gets none holds none.
///
/// From Linux 6.12 on a buffer is used up piece by piece: small messages of many connections lie side
/// by side, and each turn begins at the same place again, so that the memory that is written and read
/// stays in the nearest cache. On older kernels each arrival takes a buffer of its own, of which there
/// are more, and smaller ones.
class UringBuffers {
 public:
  /// `memory`: bytes in all. Throws std::system_error.
  UringBuffers(io_uring& ring, std::size_t memory);
  UringBuffers(const UringBuffers&) = delete;
  UringBuffers& operator=(const UringBuffers&) = delete;
  ~UringBuffers();

  static constexpr int group = 1;

  /// What a receive brought; valid until `release` is called with the same completion's flags.
  MutableBytes take(int size, unsigned flags) noexcept;
  /// To be called after each `take`, in the same order.
  void release(unsigned flags) noexcept;
  /// From now on until `giveBack` what has been received stays as it is, released or not.
  void keep() noexcept { keeps_ = true; }
  void giveBack() noexcept;
  /// Makes the kernel start the buffer it has begun over again, so that what comes next lies where the
  /// nearest cache has it. All that was received must have been taken and released.
  void rewind() noexcept;

 private:
  bool enlist(bool incremental) noexcept;
  void add(unsigned buffer) noexcept;

  io_uring& ring_;
  std::size_t bufferSize_ = 0;
  unsigned count_ = 0;
  bool incremental_ = false;
  // Which of the ring's entries the kernel takes from.
  unsigned front_ = 0;
  std::unique_ptr<std::byte[]> memory_;
  io_uring_buf_ring* buffers_ = nullptr;
  bool keeps_ = false;
  // Released, and not given to the kernel again.
  std::vector<unsigned> kept_;
  // How much of each buffer has been used.
  std::vector<std::size_t> used_;
};

}  // namespace duplex::net
