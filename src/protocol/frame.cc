#include "protocol/frame.h"

#include <algorithm>

namespace duplex::protocol {
namespace {

constexpr std::uint8_t finBit = 0x80;
constexpr std::uint8_t maskBit = 0x80;
constexpr std::uint8_t lengthOf16Bits = 126;
constexpr std::uint8_t lengthOf64Bits = 127;

std::uint64_t readBigEndian(Bytes bytes) noexcept {
  std::uint64_t value = 0;
  for (std::byte byte : bytes) value = value << 8 | std::to_integer<std::uint64_t>(byte);
  return value;
}

std::byte* writeBigEndian(std::uint64_t value, std::size_t size, std::byte* out) noexcept {
  for (std::size_t i = size; i-- > 0; value >>= 8) out[i] = static_cast<std::byte>(value & 0xFF);
  return out + size;
}

}  // namespace

// RFC 6455 §5.2.
DecodedHeader decodeHeader(Bytes bytes) noexcept {
  DecodedHeader decoded;
  if (bytes.size() < 2) return decoded;
  FrameHeader& header = decoded.header;
  const auto first = std::to_integer<std::uint8_t>(bytes[0]);
  const auto second = std::to_integer<std::uint8_t>(bytes[1]);
  header.fin = (first & finBit) != 0;
  header.rsv = first >> 4 & 0x7;
  header.opcode = static_cast<Opcode>(first & 0xF);
  header.masked = (second & maskBit) != 0;
  header.length = second & 0x7F;

  const std::size_t lengthSize = header.length == lengthOf64Bits   ? 8
                                 : header.length == lengthOf16Bits ? 2
                                                                   : 0;
  const std::size_t size = 2 + lengthSize + (header.masked ? header.mask.size() : 0);
  if (bytes.size() < size) return decoded;
  if (lengthSize > 0) {
    header.length = readBigEndian(bytes.subspan(2, lengthSize));
    if (header.length >> 63 != 0) {
      decoded.error = Errc::LengthTooLarge;
      return decoded;
    }
    if (header.length < (lengthSize == 8 ? 0x10000 : 126)) {
      decoded.error = Errc::LengthNotMinimal;
      return decoded;
    }
  }
  if (header.masked)
    std::copy_n(bytes.data() + size - header.mask.size(), header.mask.size(), header.mask.data());
  decoded.size = size;
  return decoded;
}

std::size_t encodeHeader(const FrameHeader& header, std::byte* out) noexcept {
  std::byte* end = out + 2;
  std::uint8_t length = static_cast<std::uint8_t>(header.length);
  if (header.length > 0xFFFF) {
    length = lengthOf64Bits;
    end = writeBigEndian(header.length, 8, end);
  } else if (header.length >= lengthOf16Bits) {
    length = lengthOf16Bits;
    end = writeBigEndian(header.length, 2, end);
  }
  out[0] = static_cast<std::byte>((header.fin ? finBit : 0) | header.rsv << 4 |
                                  static_cast<std::uint8_t>(header.opcode));
  out[1] = static_cast<std::byte>((header.masked ? maskBit : 0) | length);
  if (header.masked) end = std::copy_n(header.mask.data(), header.mask.size(), end);
  return static_cast<std::size_t>(end - out);
}

}  // namespace duplex::protocol
