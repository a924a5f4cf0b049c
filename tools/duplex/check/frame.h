#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "check/payload.h"
#include "protocol/frame.h"
#include "protocol/opcode.h"

namespace duplex::check {

using protocol::Opcode;

/// A frame to send, with every freedom to be wrong (RFC 6455 §5.2). The members that are functions give a
/// copy that differs in one thing.
struct Frame {
  std::uint8_t opcode = 0;
  Payload payload{};
  bool fin = true;
  /// RSV1 is 0b100.
  std::uint8_t rsv = 0;
  /// The length to announce in the place of the payload's.
  std::optional<std::uint64_t> length{};
  /// Bytes for the length behind the first: 0, 2 or 8; without it, as few as it needs.
  std::optional<unsigned> lengthSize{};
  /// Masked where it must not be, or not masked where it must.
  bool wrongMask = false;
  std::optional<protocol::MaskKey> mask{};

  Frame open() const {
    return with([](Frame& f) { f.fin = false; });
  }
  Frame reserved(std::uint8_t bits) const {
    return with([&](Frame& f) { f.rsv = bits; });
  }
  Frame announcing(std::uint64_t bytes) const {
    return with([&](Frame& f) { f.length = bytes; });
  }
  Frame lengthIn(unsigned bytes) const {
    return with([&](Frame& f) { f.lengthSize = bytes; });
  }
  Frame wronglyMasked() const {
    return with([](Frame& f) { f.wrongMask = true; });
  }
  Frame maskedBy(const protocol::MaskKey& key) const {
    return with([&](Frame& f) { f.mask = key; });
  }

 private:
  template <class Change>
  Frame with(Change&& change) const {
    Frame copy = *this;
    change(copy);
    return copy;
  }
};

inline Frame frame(unsigned opcode, Payload payload = {}) {
  return {.opcode = static_cast<std::uint8_t>(opcode), .payload = std::move(payload)};
}
inline Frame more(Payload payload = {}) {
  return frame(0x0, std::move(payload));
}
inline Frame text(Payload payload = {}) {
  return frame(0x1, std::move(payload));
}
inline Frame binary(Payload payload = {}) {
  return frame(0x2, std::move(payload));
}
inline Frame ping(Payload payload = {}) {
  return frame(0x9, std::move(payload));
}
inline Frame pong(Payload payload = {}) {
  return frame(0xA, std::move(payload));
}
/// A Close with an empty body, and one with a code.
inline Frame close() {
  return frame(0x8);
}
Frame close(std::uint16_t code, std::string_view reason = {});

/// Its bytes on the wire, masked as `masked` says unless the frame is wrong in that.
std::string encode(const Frame& frame, bool masked);

/// "text "Hello", RSV 100".
std::string describe(const Frame& frame);
/// The name of an opcode: "text", "opcode 3".
std::string nameOf(std::uint8_t opcode);

}  // namespace duplex::check
