#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/bytes.h"
#include "protocol/frame.h"

namespace duplex::protocol {

/// Masks or unmasks `bytes` in place (RFC 6455 §5.3). `offset` is how many payload bytes of the same
/// frame came before.
void applyMask(MutableBytes bytes, const MaskKey& key, std::size_t offset = 0) noexcept;

/// The same for a short payload, from its beginning: no call, and no choice of instructions.
inline void applyMaskShort(MutableBytes bytes, const MaskKey& key) noexcept {
  std::uint32_t half;
  std::memcpy(&half, key.data(), sizeof half);
  const std::uint64_t whole = std::uint64_t{half} << 32 | half;
  std::byte* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= sizeof whole; left -= sizeof whole, at += sizeof whole) {
    std::uint64_t word;
    std::memcpy(&word, at, sizeof word);
    word ^= whole;
    std::memcpy(at, &word, sizeof word);
  }
  if (left >= sizeof half) {
    std::uint32_t word;
    std::memcpy(&word, at, sizeof word);
    word ^= half;
    std::memcpy(at, &word, sizeof word);
    at += sizeof half, left -= sizeof half;
  }
  for (std::size_t i = 0; i < left; ++i) at[i] ^= key[i];
}

/// The same as applyMask from `from` to `to`, which has room for as many: the same place, or one that does
/// not overlap.
void copyMasked(Bytes from, std::byte* to, const MaskKey& key, std::size_t offset = 0) noexcept;

}  // namespace duplex::protocol
