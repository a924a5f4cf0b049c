#pragma once

#include <cstdint>

namespace duplex::protocol {

/// Codes this library sends or reports by itself (RFC 6455 §7.4.1 and the IANA registry).
namespace close_code {
inline constexpr std::uint16_t normal = 1000;
inline constexpr std::uint16_t goingAway = 1001;
inline constexpr std::uint16_t protocolError = 1002;
inline constexpr std::uint16_t noStatus = 1005;
inline constexpr std::uint16_t abnormal = 1006;
inline constexpr std::uint16_t invalidPayload = 1007;
inline constexpr std::uint16_t policyViolation = 1008;
inline constexpr std::uint16_t messageTooBig = 1009;
inline constexpr std::uint16_t internalError = 1011;
}  // namespace close_code

/// RFC 6455 §5.5.1 leaves 123 bytes beside the code.
inline constexpr std::size_t maxCloseReason = 123;

/// Whether `code` may stand in a Close frame: 1000–1003, 1007–1014, 3000–4999.
constexpr bool isValidOnWire(std::uint16_t code) noexcept {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

/// Whether a browser's `close(code)` takes it: 1000, 3000–4999 (WHATWG WebSockets §3.1).
constexpr bool isValidFromClient(std::uint16_t code) noexcept {
  return code == 1000 || (code >= 3000 && code <= 4999);
}

}  // namespace duplex::protocol
