#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <duplex/error.h>

#include "base/bytes.h"
#include "protocol/opcode.h"

namespace duplex::protocol {

using MaskKey = std::array<std::byte, 4>;

/// The longest header: two bytes, a 64-bit length, a mask (RFC 6455 §5.2).
inline constexpr std::size_t maxHeaderSize = 14;
/// RFC 6455 §5.5.
inline constexpr std::size_t maxControlPayload = 125;

struct FrameHeader {
  bool fin = true;
  /// RSV1–3 in the three low bits, RSV1 highest: 0b100.
  std::uint8_t rsv = 0;
  Opcode opcode = Opcode::Text;
  bool masked = false;
  MaskKey mask{};
  /// Payload bytes; below 2^63 in what `decodeHeader` returns.
  std::uint64_t length = 0;
};

/// What `decodeHeader` found in the bytes it was given.
struct DecodedHeader {
  FrameHeader header;
  /// Bytes the header takes; 0: it is not complete, or `error` says what is wrong with it.
  std::size_t size = 0;
  Errc error{};
};

/// Reads the frame header at the start of `bytes`. Checks what can be said of a header by itself:
/// LengthNotMinimal, LengthTooLarge. Role, extensions and the order of frames are `Session`'s.
DecodedHeader decodeHeader(Bytes bytes) noexcept;

/// Writes `header` to `out`, which has room for `headerSize` of it; returns the bytes written. The
/// length is written in as few bytes as it needs (RFC 6455 §5.2).
std::size_t encodeHeader(const FrameHeader& header, std::byte* out) noexcept;

/// The bytes that `encodeHeader` would write.
constexpr std::size_t headerSize(std::uint64_t length, bool masked) noexcept {
  return 2 + (length > 0xFFFF ? 8 : length > 125 ? 2 : 0) + (masked ? 4 : 0);
}

}  // namespace duplex::protocol
