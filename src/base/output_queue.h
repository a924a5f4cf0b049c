#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/ref.h"
#include "base/shared_bytes.h"

namespace duplex {

/// Bytes on their way to the kernel, in order: own ones, copied in, and shared ones, held by
/// reference. It also keeps account of how many of them are an application's payload, which is what
/// `bufferedAmount` reports.
///
/// Empty, it holds no memory but what it keeps for the next use; see `shrink`.
class OutputQueue {
 public:
  OutputQueue() = default;
  OutputQueue(const OutputQueue&) = delete;
  OutputQueue& operator=(const OutputQueue&) = delete;
  ~OutputQueue();

  bool empty() const noexcept { return size_ == 0; }
  /// Bytes queued.
  std::size_t size() const noexcept { return size_; }
  /// Payload bytes queued; those of a frame count until all of the frame has been consumed.
  std::size_t payload() const noexcept { return payload_; }

  /// Room for `size` more bytes at the end, to be filled before the next call of any other member.
  std::byte* extend(std::size_t size);
  void append(Bytes bytes);
  void append(std::string_view text) { append(asBytes(text)); }
  void append(Ref<SharedBytes> shared);
  /// Says that the last `wire` bytes appended are one frame that carries `payload` bytes.
  void frame(std::size_t wire, std::size_t payload);

  /// Fills `pieces` with the first bytes queued, for a gathered write; returns how many it filled.
  std::size_t gather(std::span<iovec> pieces) const noexcept;
  /// Removes the first `size` bytes, which have been written.
  void consume(std::size_t size) noexcept;
  void clear() noexcept;

  /// Gives back what is over `keep` bytes of memory. Only when empty.
  void shrink(std::size_t keep) noexcept;

 private:
  // `shared` null: the next `size` bytes of own_.
  struct Piece {
    Ref<SharedBytes> shared;
    std::size_t offset;
    std::size_t size;
  };
  struct Frame {
    std::size_t wire;
    std::size_t payload;
  };
  void consumeFrames(std::size_t size) noexcept;
  void consumePieces(std::size_t size) noexcept;

  // Own bytes are own_[begin_, end_). While nothing is shared they are the whole queue and pieces_ is
  // empty.
  std::byte* own_ = nullptr;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t size_ = 0;
  std::size_t payload_ = 0;
  std::vector<Piece> pieces_;
  std::size_t firstPiece_ = 0;
  std::vector<Frame> frames_;
  std::size_t firstFrame_ = 0;
  // Bytes of frames_[firstFrame_] consumed so far, and bytes queued that are in no frame before it.
  std::size_t partOfFrame_ = 0;
};

}  // namespace duplex
