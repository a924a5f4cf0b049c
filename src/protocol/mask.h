#pragma once

#include <cstddef>

#include "base/bytes.h"
#include "protocol/frame.h"

namespace duplex::protocol {

/// Masks or unmasks `bytes` in place (RFC 6455 §5.3). `offset` is how many payload bytes of the same
/// frame came before.
void applyMask(MutableBytes bytes, const MaskKey& key, std::size_t offset = 0) noexcept;

/// The same from `from` to `to`, which has room for as many and does not overlap.
void copyMasked(Bytes from, std::byte* to, const MaskKey& key, std::size_t offset = 0) noexcept;

}  // namespace duplex::protocol
