#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "base/bytes.h"
#include "base/large_blocks.h"
#include "base/ref.h"

namespace duplex {

/// Bytes that many output queues send without a copy each. Immutable once shared; safe from any
/// thread. The same message may have other forms, such as a compressed one, which live as long as it does.
class SharedBytes : public RefCounted<SharedBytes> {
 public:
  /// `payload`: how many of them are an application's; see OutputQueue::payload.
  explicit SharedBytes(std::size_t size, std::size_t payload = 0)
      : block_(allocateBlock(size)),
        bytes_(static_cast<std::byte*>(block_.memory), size),
        payload_(payload) {}
  /// `bytes` lie in `block`, which is theirs from now on.
  SharedBytes(LargeBlock block, MutableBytes bytes) noexcept : block_(block), bytes_(bytes) {}
  ~SharedBytes() {
    freeBlock(block_);
    if (SharedBytes* next = next_.load(std::memory_order_acquire)) next->release();
  }

  MutableBytes writable() noexcept { return bytes_; }
  Bytes bytes() const noexcept { return bytes_; }
  std::size_t size() const noexcept { return bytes_.size(); }
  std::size_t payload() const noexcept { return payload_; }
  /// What they hold as long as someone refers to any of them.
  std::size_t memory() const noexcept { return block_.size; }

  /// The form called `name`, which is not 0; `make()` makes it the first time. Two threads that ask at
  /// once may both make it; they get the same one.
  template <class Make>
  Ref<SharedBytes> form(std::uint32_t name, Make&& make) {
    SharedBytes* last = this;
    Ref<SharedBytes> made;
    for (;;) {
      SharedBytes* next = last->next_.load(std::memory_order_acquire);
      if (next == nullptr) {
        if (!made) {
          made = make();
          made->name_ = name;
        }
        if (last->next_.compare_exchange_strong(next, made.get(), std::memory_order_acq_rel)) {
          made->retain();
          return made;
        }
      }
      if (next->name_ == name) return Ref<SharedBytes>(next);
      last = next;
    }
  }

 private:
  std::uint32_t name_ = 0;
  // The forms are a list that only grows.
  std::atomic<SharedBytes*> next_{nullptr};
  LargeBlock block_;
  MutableBytes bytes_;
  std::size_t payload_ = 0;
};

}  // namespace duplex
