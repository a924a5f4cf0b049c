#pragma once

#include <cstddef>

#include "base/bytes.h"
#include "base/large_blocks.h"
#include "base/ref.h"
#include "base/shared_bytes.h"

namespace duplex::protocol {

/// Where a message is put together that does not lie whole in the input. One pointer; no memory
/// while empty.
class MessageBuffer {
 public:
  MessageBuffer() noexcept = default;
  MessageBuffer(MessageBuffer&& other) noexcept;
  MessageBuffer& operator=(MessageBuffer&& other) noexcept;
  ~MessageBuffer() { free(); }

  std::size_t size() const noexcept { return block_ == nullptr ? 0 : block_->size; }
  MutableBytes bytes() noexcept;

  /// Room for `size` more bytes at the end, where at most `coming` can follow these. What is allocated at
  /// most doubles, so it stays in proportion to what has arrived. All is taken at once, which saves the
  /// copies, if that is no more than sixteen times a beginning of 64 KiB or more (what is not used of it
  /// costs addresses, not memory), or if the thread keeps a block that is large enough anyway.
  MutableBytes extend(std::size_t size, std::size_t coming);
  /// Memory for the next bytes, of which `coming` are to come, all or a part: those that are put there need
  /// no copy when `extend` takes them.
  MutableBytes room(std::size_t coming);
  /// Keeps the first `size` bytes; 0 gives the memory back.
  void truncate(std::size_t size) noexcept;
  /// What is in it, where it lies; afterwards it is empty.
  Ref<SharedBytes> release();

 private:
  struct Block {
    std::size_t size;
    std::size_t capacity;

    std::byte* bytes() noexcept { return reinterpret_cast<std::byte*>(this + 1); }
    LargeBlock memory() noexcept { return {this, sizeof *this + capacity}; }
  };

  /// To have room for `more` than has arrived, when `coming` can follow that.
  void grow(std::size_t arrived, std::size_t more, std::size_t coming);
  void free() noexcept;

  Block* block_ = nullptr;
};

}  // namespace duplex::protocol
