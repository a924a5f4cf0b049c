#include "check/frame.h"

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/random.h"
#include "protocol/mask.h"

namespace duplex::check {
namespace {

unsigned fewestBytes(std::uint64_t length) {
  return length > 0xFFFF ? 8 : length > 125 ? 2 : 0;
}

void appendNumber(std::string& bytes, std::uint64_t value, unsigned size) {
  while (size-- > 0) bytes += static_cast<char>(value >> (8 * size) & 0xFF);
}

}  // namespace

Frame close(std::uint16_t code, std::string_view reason) {
  std::string body;
  appendNumber(body, code, 2);
  return frame(0x8, body.append(reason));
}

std::string encode(const Frame& frame, bool masked) {
  std::string payload = frame.payload.bytes();
  const std::uint64_t length = frame.length.value_or(payload.size());
  const unsigned size = frame.lengthSize.value_or(fewestBytes(length));
  const bool isMasked = masked != frame.wrongMask;

  std::string bytes;
  bytes.reserve(protocol::maxHeaderSize + payload.size());
  bytes += static_cast<char>((frame.fin ? 0x80 : 0) | frame.rsv << 4 | frame.opcode);
  const std::uint64_t first = size == 0 ? length : size == 2 ? 126 : 127;
  bytes += static_cast<char>((isMasked ? 0x80 : 0) | first);
  appendNumber(bytes, length, size);
  if (isMasked) {
    protocol::MaskKey key{};
    randomBytes(key);
    if (frame.mask) key = *frame.mask;
    bytes.append(asText(key));
    protocol::applyMask(std::as_writable_bytes(std::span(payload.data(), payload.size())), key);
  }
  return bytes.append(payload);
}

std::string nameOf(std::uint8_t opcode) {
  switch (static_cast<Opcode>(opcode)) {
    case Opcode::Continuation:
      return "continuation";
    case Opcode::Text:
      return "text";
    case Opcode::Binary:
      return "binary";
    case Opcode::Close:
      return "close";
    case Opcode::Ping:
      return "ping";
    case Opcode::Pong:
      return "pong";
  }
  return fmt::format("opcode {}", opcode);
}

std::string describe(const Frame& frame) {
  std::string text = nameOf(frame.opcode);
  const std::string payload = frame.payload.bytes();
  if (frame.opcode == 0x8 && payload.size() >= 2) {
    const auto byte = [&](std::size_t i) {
      return static_cast<unsigned>(static_cast<unsigned char>(payload[i]));
    };
    text += fmt::format(" {}", byte(0) << 8 | byte(1));
    if (payload.size() > 2) text += ' ' + brief(std::string_view(payload).substr(2));
  } else {
    text += ' ' + brief(payload);
  }
  if (!frame.fin) text += ", FIN 0";
  if (frame.rsv != 0) text += fmt::format(", RSV {:03b}", frame.rsv);
  if (frame.length) text += fmt::format(", length {} announced", *frame.length);
  if (frame.lengthSize) text += fmt::format(", length in {} bytes", *frame.lengthSize);
  if (frame.wrongMask) text += ", wrongly masked or not";
  return text;
}

}  // namespace duplex::check
