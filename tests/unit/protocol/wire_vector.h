#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/session.h"

/// Wire vectors: frames as data, and what a session is to make of them.
namespace duplex::protocol::wire {

/// One frame, or the beginning of one.
struct Frame {
  /// FIN, RSV and opcode.
  int first;
  std::string payload = {};
  /// What stands in the header instead of the payload's size.
  std::optional<std::uint64_t> announced = {};
  /// Bytes of the length after the second byte, 0, 2 or 8; as few as it needs if absent.
  std::optional<int> lengthSize = {};
  /// Masked where it must not be, and the other way round.
  bool wrongMask = false;
};

struct Expected {
  Event::Type type = Event::Type::None;
  std::string payload = {};
  std::uint16_t code = 0;
  Errc error = {};

  friend bool operator==(const Expected&, const Expected&) = default;
};

struct Vector {
  std::string name;
  std::vector<Frame> frames;
  std::vector<Expected> events;
  SessionLimits limits = {};
  /// Whether a message or a frame is still open at the end.
  bool unfinished = false;
};

inline Expected text(std::string payload) {
  return {Event::Type::Text, std::move(payload)};
}
inline Expected binary(std::string payload) {
  return {Event::Type::Binary, std::move(payload)};
}
inline Expected ping(std::string payload) {
  return {Event::Type::Ping, std::move(payload)};
}
inline Expected pong(std::string payload) {
  return {Event::Type::Pong, std::move(payload)};
}
inline Expected closed(std::uint16_t code, std::string reason = {}) {
  return {Event::Type::Close, std::move(reason), code};
}
inline Expected failure(Errc error) {
  return {Event::Type::Failure, {}, 0, error};
}

/// The body of a Close frame.
inline std::string closeBody(unsigned code, const std::string& reason = {}) {
  return std::string{static_cast<char>(code >> 8), static_cast<char>(code & 0xFF)} + reason;
}

/// The bytes of `frame` as `receiver` gets them, masked if it is a server. Written without the code
/// under test.
inline std::string encode(const Frame& frame, Role receiver) {
  const std::uint64_t length = frame.announced.value_or(frame.payload.size());
  const int lengthSize = frame.lengthSize.value_or(length > 0xFFFF ? 8 : length > 125 ? 2 : 0);
  const bool masked = (receiver == Role::Server) != frame.wrongMask;
  std::string bytes(1, static_cast<char>(frame.first));
  const std::uint64_t second = lengthSize == 8 ? 127 : lengthSize == 2 ? 126 : length;
  bytes += static_cast<char>(second | (masked ? 0x80 : 0));
  for (int i = lengthSize; i-- > 0;) bytes += static_cast<char>(length >> (8 * i) & 0xFF);
  if (!masked) return bytes + frame.payload;
  const char key[] = {'\x37', '\xfa', '\x21', static_cast<char>(0x3d + frame.first)};
  bytes.append(key, sizeof key);
  for (std::size_t i = 0; i < frame.payload.size(); ++i)
    bytes += static_cast<char>(frame.payload[i] ^ key[i % 4]);
  return bytes;
}

inline std::string encodeAll(const std::vector<Frame>& frames, Role receiver) {
  std::string bytes;
  for (const Frame& frame : frames) bytes += encode(frame, receiver);
  return bytes;
}

}  // namespace duplex::protocol::wire
