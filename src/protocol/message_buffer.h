#pragma once

#include <cstddef>

#include "base/bytes.h"

namespace duplex::protocol {

/// Where a message is put together that does not lie whole in the input. One pointer; no memory
/// while empty.
class MessageBuffer {
 public:
  MessageBuffer() noexcept = default;
  MessageBuffer(MessageBuffer&& other) noexcept;
  MessageBuffer& operator=(MessageBuffer&& other) noexcept;
  ~MessageBuffer() { release(); }

  std::size_t size() const noexcept { return block_ == nullptr ? 0 : block_->size; }
  MutableBytes bytes() noexcept;

  /// Room for `size` more bytes at the end, where at most `coming` can follow these. What is allocated at
  /// most doubles, so it stays in proportion to what has arrived; but of the blocks that the thread keeps
  /// anyway one that has room for all is taken at once, which saves the copies.
  MutableBytes extend(std::size_t size, std::size_t coming);
  /// Keeps the first `size` bytes; 0 gives the memory back.
  void truncate(std::size_t size) noexcept;

 private:
  struct Block {
    std::size_t size;
    std::size_t capacity;

    std::byte* bytes() noexcept { return reinterpret_cast<std::byte*>(this + 1); }
  };

  void grow(std::size_t needed, std::size_t coming);
  void release() noexcept;

  Block* block_ = nullptr;
};

}  // namespace duplex::protocol
