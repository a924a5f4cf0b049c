#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.h"

namespace duplex::fuzz {

/// Ends the process, with what should have held, unless it does.
inline void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

/// The bytes of a run, taken from the front. Behind their end are zeros, so every input is one.
class Input {
 public:
  explicit Input(Bytes bytes) noexcept : bytes_(bytes) {}

  bool empty() const noexcept { return bytes_.empty(); }
  std::uint8_t byte() noexcept {
    if (bytes_.empty()) return 0;
    const auto value = std::to_integer<std::uint8_t>(bytes_.front());
    bytes_ = bytes_.subspan(1);
    return value;
  }
  /// One of `choices`.
  template <class T, std::size_t count>
  T oneOf(const T (&choices)[count]) noexcept {
    return choices[byte() % count];
  }
  /// A byte that says how long it is, and so many bytes.
  std::string_view text() noexcept {
    const std::size_t wanted = byte();
    const Bytes taken = bytes_.first(std::min(wanted, bytes_.size()));
    bytes_ = bytes_.subspan(taken.size());
    return asText(taken);
  }
  Bytes rest() noexcept { return std::exchange(bytes_, {}); }

 private:
  Bytes bytes_;
};

/// Bytes in memory of their own, without one to spare, so that reading beyond them shows; they may be
/// changed.
class Piece {
 public:
  explicit Piece(Bytes bytes) : data_(new std::byte[bytes.size()]), size_(bytes.size()) {
    std::copy(bytes.begin(), bytes.end(), data_.get());
  }
  MutableBytes bytes() noexcept { return {data_.get(), size_}; }

 private:
  std::unique_ptr<std::byte[]> data_;
  std::size_t size_;
};

/// Cuts a stream into the pieces it arrives in: whole, byte by byte, or of sizes that `cut` stands for.
class Cutter {
 public:
  Cutter(std::uint8_t cut, Bytes bytes) noexcept : bytes_(bytes), cut_(cut), state_(cut * 0x9E3779B1u) {}

  bool done() const noexcept { return bytes_.empty(); }
  Piece next() {
    const Bytes taken = bytes_.first(std::min(size(), bytes_.size()));
    bytes_ = bytes_.subspan(taken.size());
    return Piece(taken);
  }

 private:
  std::size_t size() noexcept {
    if (cut_ == 0) return bytes_.size();
    if (cut_ == 1) return 1;
    state_ = state_ * 1664525u + 1013904223u;
    return 1 + (state_ >> 16) % (cut_ % 2 == 0 ? 8 : 200);
  }

  Bytes bytes_;
  std::uint8_t cut_;
  std::uint32_t state_;
};

}  // namespace duplex::fuzz
