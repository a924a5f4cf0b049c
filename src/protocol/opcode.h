#pragma once

#include <cstdint>

namespace duplex::protocol {

/// RFC 6455 §5.2 and §11.8.
enum class Opcode : std::uint8_t {
  Continuation = 0x0,
  Text = 0x1,
  Binary = 0x2,
  Close = 0x8,
  Ping = 0x9,
  Pong = 0xA,
};

/// 0–2 and 8–10; the others are reserved.
constexpr bool isKnown(Opcode opcode) noexcept {
  const auto value = static_cast<std::uint8_t>(opcode);
  return value <= 0x2 || (value >= 0x8 && value <= 0xA);
}

/// Opcodes with the highest bit set (RFC 6455 §5.5).
constexpr bool isControl(Opcode opcode) noexcept {
  return (static_cast<std::uint8_t>(opcode) & 0x8) != 0;
}

/// Which end of the connection we are: a client masks what it sends, a server does not (RFC 6455
/// §5.1).
enum class Role : std::uint8_t { Server, Client };

}  // namespace duplex::protocol
