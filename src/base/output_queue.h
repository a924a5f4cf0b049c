#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstring>
#include <span>
#include <utility>

#include "base/bytes.h"
#include "base/ref.h"
#include "base/shared_bytes.h"

namespace duplex {

/// Bytes on their way to the kernel, in order: own ones, copied in, and shared ones, held by
/// reference. It also keeps account of how many of them are an application's payload, which is what
/// `bufferedAmount` reports.
///
/// A list of chunks: own bytes are never moved once written, and are given back as they are consumed.
/// Empty, it holds no memory but one chunk that it keeps for the next use; see `shrink`.
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
  /// Holds `shared` until it has been consumed; short ones are copied, which costs less.
  void append(Ref<SharedBytes> shared) {
    const Bytes all = shared->bytes();
    append(std::move(shared), all);
  }
  /// The same with a part of them, behind a copy of `head`; all or, if it throws, nothing.
  void append(Ref<SharedBytes> shared, Bytes part, Bytes head = {});
  /// Puts what is left of `shared` after its first `consumed` bytes before all that is queued, with its
  /// payload.
  void prepend(Ref<SharedBytes> shared, std::size_t consumed);
  /// Says that a frame which carries `payload` bytes of an application ends with what was appended
  /// last. Frames without such a payload, as control frames are, need no call.
  void endFrame(std::size_t payload) noexcept;

  /// Fills `pieces` with the first bytes queued, for a gathered write; returns how many it filled.
  std::size_t gather(std::span<iovec> pieces) const noexcept;
  /// Removes the first `size` bytes, which have been written.
  void consume(std::size_t size) noexcept;
  /// Removes all.
  void clear() noexcept;

  /// Bytes of memory that an empty queue holds, itself included.
  std::size_t memory() const noexcept {
    return sizeof *this + (head_ == nullptr ? 0 : sizeof(Chunk) + head_->capacity);
  }
  /// Gives back what is over `keep` bytes of memory. Does nothing unless empty.
  void shrink(std::size_t keep) noexcept;

 private:
  // The end of a frame within a chunk, and what it carries.
  struct FrameEnd {
    std::size_t at;
    std::size_t payload;
  };

  // Own bytes lie behind this header and grow upwards; the frame ends of the chunk grow downwards
  // from its end, so that a queue in use is one allocation. `shared` set: the bytes are there, and
  // behind the header is room for one frame end only.
  struct alignas(16) Chunk {
    Chunk* next = nullptr;
    Ref<SharedBytes> shared;
    std::size_t begin = 0;
    std::size_t end = 0;
    // Room behind the header, and how much of it frame ends have not taken.
    std::size_t capacity;
    std::size_t room;
    // The first frame end that is not consumed, and the number of all.
    std::size_t firstFrame = 0;
    std::size_t frames = 0;

    explicit Chunk(std::size_t bytes) noexcept : capacity(bytes), room(bytes) {}
    std::byte* own() noexcept { return reinterpret_cast<std::byte*>(this + 1); }
    const std::byte* data() noexcept { return shared ? shared->bytes().data() : own(); }
    FrameEnd& frame(std::size_t index) noexcept {
      return *(reinterpret_cast<FrameEnd*>(own() + capacity) - 1 - index);
    }
    // Each extension leaves room for one frame end. A shared chunk has no room beyond that.
    std::size_t left() const noexcept {
      const std::size_t taken = end + sizeof(FrameEnd);
      return shared || room < taken ? 0 : room - taken;
    }
    void reset() noexcept {
      begin = end = firstFrame = frames = 0;
      room = capacity;
    }
  };

  static Chunk* makeChunk(std::size_t capacity);
  static void freeChunk(Chunk* chunk) noexcept;
  Chunk* appendChunk(std::size_t capacity);
  void link(Chunk* chunk) noexcept;
  std::size_t nextCapacity() const noexcept;
  std::byte* extendSlow(std::size_t size);
  void consumePart(std::size_t size) noexcept;
  std::size_t consumeFrames(Chunk& chunk) noexcept;
  void reset() noexcept;

  Chunk* head_ = nullptr;
  Chunk* tail_ = nullptr;
  std::size_t size_ = 0;
  std::size_t payload_ = 0;
};

inline std::byte* OutputQueue::extend(std::size_t size) {
  if (tail_ == nullptr || tail_->left() < size) return extendSlow(size);
  std::byte* at = tail_->own() + tail_->end;
  tail_->end += size;
  size_ += size;
  return at;
}

inline void OutputQueue::append(Bytes bytes) {
  if (!bytes.empty()) std::memcpy(extend(bytes.size()), bytes.data(), bytes.size());
}

inline void OutputQueue::endFrame(std::size_t payload) noexcept {
  if (payload == 0 || tail_ == nullptr) return;
  Chunk& chunk = *tail_;
  payload_ += payload;
  if (chunk.frames > chunk.firstFrame && chunk.frame(chunk.frames - 1).at == chunk.end) {
    chunk.frame(chunk.frames - 1).payload += payload;
    return;
  }
  chunk.frame(chunk.frames++) = {chunk.end, payload};
  chunk.room -= sizeof(FrameEnd);
}

inline void OutputQueue::consume(std::size_t size) noexcept {
  if (size < size_) return consumePart(size);
  if (head_ == nullptr) return;
  if (head_ != tail_ || head_->shared) return reset();
  head_->reset();
  size_ = 0;
  payload_ = 0;
}

}  // namespace duplex
