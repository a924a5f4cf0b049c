#pragma once

#include <cstddef>
#include <memory>

#include "base/bytes.h"
#include "base/ref.h"

namespace duplex {

/// Bytes that many output queues send without a copy each. Immutable once shared; safe from any
/// thread.
class SharedBytes : public RefCounted<SharedBytes> {
 public:
  /// `payload`: how many of them are an application's; see OutputQueue::payload.
  explicit SharedBytes(std::size_t size, std::size_t payload = 0)
      : data_(new std::byte[size]), size_(size), payload_(payload) {}

  MutableBytes writable() noexcept { return {data_.get(), size_}; }
  Bytes bytes() const noexcept { return {data_.get(), size_}; }
  std::size_t size() const noexcept { return size_; }
  std::size_t payload() const noexcept { return payload_; }

 private:
  std::unique_ptr<std::byte[]> data_;
  std::size_t size_;
  std::size_t payload_;
};

}  // namespace duplex
