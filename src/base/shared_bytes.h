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
  explicit SharedBytes(std::size_t size) : data_(new std::byte[size]), size_(size) {}

  MutableBytes writable() noexcept { return {data_.get(), size_}; }
  Bytes bytes() const noexcept { return {data_.get(), size_}; }
  std::size_t size() const noexcept { return size_; }

 private:
  std::unique_ptr<std::byte[]> data_;
  std::size_t size_;
};

}  // namespace duplex
