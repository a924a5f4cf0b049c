#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "base/bytes.h"
#include "base/ref.h"

namespace duplex {

/// Bytes that many output queues send without a copy each. Immutable once shared; safe from any
/// thread. The same message may have other forms, such as a compressed one, which live as long as it does.
class SharedBytes : public RefCounted<SharedBytes> {
 public:
  /// `payload`: how many of them are an application's; see OutputQueue::payload.
  explicit SharedBytes(std::size_t size, std::size_t payload = 0)
      : data_(new std::byte[size]), size_(size), payload_(payload) {}
  ~SharedBytes() {
    if (SharedBytes* next = next_.load(std::memory_order_acquire)) next->release();
  }

  MutableBytes writable() noexcept { return {data_.get(), size_}; }
  Bytes bytes() const noexcept { return {data_.get(), size_}; }
  std::size_t size() const noexcept { return size_; }
  std::size_t payload() const noexcept { return payload_; }

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
  std::unique_ptr<std::byte[]> data_;
  std::size_t size_;
  std::size_t payload_;
};

}  // namespace duplex
