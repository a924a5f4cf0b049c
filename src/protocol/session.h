#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include <duplex/error.h>

#include "base/bytes.h"
#include "base/output_queue.h"
#include "protocol/frame.h"
#include "protocol/opcode.h"
#include "protocol/utf8.h"

namespace duplex::protocol {

struct SessionLimits {
  /// Of one message, in bytes.
  std::size_t maxMessageSize = 16 * 1024 * 1024;
  /// Frames of one message.
  std::size_t maxFragments = 4096;
};

/// What `Session::next` found.
struct Event {
  enum class Type : std::uint8_t {
    None,     ///< all input is used up
    Text,     ///< a whole text message, valid UTF-8, in `payload`
    Binary,   ///< a whole binary message in `payload`
    Ping,     ///< answer with `pong(payload)`
    Pong,     ///< `payload` is what it carried
    Close,    ///< the peer's Close: `code` (1005 if it had none) and, in `payload`, its reason
    Failure,  ///< the peer broke `error`; nothing more is read
  };
  Type type = Type::None;
  Errc error{};
  std::uint16_t code = 0;
  /// Valid until the next call of `next`, and no longer than the input it was found in.
  MutableBytes payload;

  explicit operator bool() const noexcept { return type != Type::None; }
};

/// The WebSocket protocol after the handshake (RFC 6455 §5–§8), without any I/O: bytes in, events
/// out; what is to be sent is appended to an output that the caller owns.
///
///     while (Event event = session.next(input)) { … }
///
/// It answers nothing by itself. To a Ping the caller sends `pong`, to a Close or a Failure `close`
/// (`closeCode(error)` for the latter); after both Closes the connection is to end.
///
/// Not for two threads at once. `limits` must outlive it.
class Session {
 public:
  Session(Role role, const SessionLimits& limits) noexcept;
  Session(Session&&) noexcept;
  Session& operator=(Session&&) noexcept;
  ~Session();

  /// Takes bytes off the front of `input` until there is an event; unmasks in place. A message that
  /// lies whole in `input` is handed out as a view of it, others are collected. After a Close or a
  /// Failure all input is discarded (RFC 6455 §1.4, §7.1.7).
  Event next(MutableBytes& input);

  /// Each appends one frame. After `close` they append nothing.
  void text(std::string_view text, OutputQueue& out) { message(Opcode::Text, asBytes(text), out); }
  void binary(Bytes bytes, OutputQueue& out) { message(Opcode::Binary, bytes, out); }
  void message(Opcode opcode, Bytes payload, OutputQueue& out);
  /// `payload` has at most 125 bytes.
  void ping(Bytes payload, OutputQueue& out) { control(Opcode::Ping, payload, out); }
  void pong(Bytes payload, OutputQueue& out) { control(Opcode::Pong, payload, out); }
  /// Code 0 or 1005: an empty body. `code` else is valid on the wire, `reason` has at most 123 bytes.
  void close(std::uint16_t code, std::string_view reason, OutputQueue& out);

  bool closeSent() const noexcept { return closeSent_; }
  /// The peer's Close has come, or it has failed: what it sends now is discarded.
  bool receiveEnded() const noexcept { return receiveEnded_; }
  /// Whether a message or a frame has begun and not ended.
  bool insideMessage() const noexcept;

 private:
  void control(Opcode opcode, Bytes payload, OutputQueue& out);
  // …

  const SessionLimits* limits_;
  Role role_;
  bool closeSent_ = false;
  bool receiveEnded_ = false;
};

/// A server's data frame, whole, to be shared by many connections (a server's frames are the same for
/// all of them).
Ref<SharedBytes> frameForAll(Opcode opcode, Bytes payload);

}  // namespace duplex::protocol
