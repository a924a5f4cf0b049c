#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

#include <duplex/error.h>

#include "base/bytes.h"
#include "base/output_queue.h"
#include "protocol/frame.h"
#include "protocol/mask.h"
#include "protocol/message_buffer.h"
#include "protocol/opcode.h"
#include "protocol/utf8.h"

namespace duplex::protocol {

class PerMessageDeflate;

/// RSV1 in a data frame's `rsv`: its message is compressed (RFC 7692 §6).
inline constexpr std::uint8_t compressedBit = 0b100;

struct SessionLimits {
  /// Of one message, in bytes.
  std::size_t maxMessageSize = 16 * 1024 * 1024;
  /// Frames of one message.
  std::size_t maxFragments = 131'072;
  /// What was agreed on of compression (RFC 7692); null: nothing.
  PerMessageDeflate* deflate = nullptr;
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
  /// Valid until the next call of `next`, and no longer than the input it was found in; that of a
  /// compressed message also no longer than until the thread inflates another.
  MutableBytes payload;

  explicit operator bool() const noexcept { return type != Type::None; }
  static Event message(Opcode opcode, MutableBytes payload) noexcept {
    return {.type = opcode == Opcode::Text ? Type::Text : Type::Binary, .payload = payload};
  }
};

/// The WebSocket protocol after the handshake (RFC 6455 §5–§8), without any I/O: bytes in, events
/// out; what is to be sent is appended to an output that the caller owns.
///
///     while (Event event = session.next(input)) { … }
///
/// It answers nothing by itself. To a Ping the caller sends `pong`, to a Close or a Failure `close`
/// (`closeCode(error)` for the latter); after both Closes the connection is to end.
///
/// Between messages it holds no memory but its own few bytes. A message lies in memory of its own only
/// while it is incomplete, and takes that in proportion to what has arrived of it (see MessageBuffer); a
/// declared length alone costs nothing. Lengths that are not written in as few
/// bytes as they need are refused, though RFC 6455 §5.2 binds only senders to that.
///
/// Compressed messages (RFC 7692) come inflated; the limit is that of what they are then. What is sent is
/// compressed by the caller, who says so.
///
/// Not for two threads at once. `limits` must outlive it.
class Session {
 public:
  Session(Role role, const SessionLimits& limits) noexcept : limits_(&limits), role_(role) {}

  /// Other limits than those it was made with, before the first byte has come.
  void use(const SessionLimits& limits) noexcept { limits_ = &limits; }
  PerMessageDeflate* deflate() const noexcept { return limits_->deflate; }

  /// Takes bytes off the front of `input` until there is an event; unmasks in place. A message that
  /// lies whole in `input` is handed out as a view of it, others are collected. After a Close or a
  /// Failure all input is discarded (RFC 6455 §1.4, §7.1.7).
  Event next(MutableBytes& input);
  /// Whether some of a message has come, and much is still to come in its frame.
  bool wantsRoom() const noexcept {
    return partial_ != nullptr && partial_->insideFrame && partial_->remaining >= largeRest &&
           partial_->buffer.size() >= largeStart;
  }
  /// If it wants room: memory for what comes next, from where `next` does not copy it. Valid until the next
  /// call of any member that is not const. Throws std::bad_alloc.
  MutableBytes room();
  /// The memory in which `payload` lies, of the message that `next` has handed out last: for who sends it on
  /// without a copy. Null if it lies in the input. Throws std::bad_alloc.
  Ref<SharedBytes> share(Bytes payload);

  /// Each appends one frame. After `close` they append nothing.
  void text(std::string_view text, OutputQueue& out) { message(Opcode::Text, asBytes(text), out); }
  void binary(Bytes bytes, OutputQueue& out) { message(Opcode::Binary, bytes, out); }
  void message(Opcode opcode, Bytes payload, OutputQueue& out);
  /// A message that has been compressed to `payload` (RFC 7692 §6).
  void compressed(Opcode opcode, Bytes payload, OutputQueue& out);
  /// The frame that `message` or `compressed` would append, by itself.
  Ref<SharedBytes> frame(Opcode opcode, Bytes payload, bool compressed = false) const;
  /// `payload` has at most 125 bytes; what is beyond is not sent.
  void ping(Bytes payload, OutputQueue& out) { control(Opcode::Ping, payload, out); }
  void pong(Bytes payload, OutputQueue& out) { control(Opcode::Pong, payload, out); }
  /// Code 0 or 1005: an empty body. `code` else is valid on the wire, `reason` has at most 123 bytes.
  void close(std::uint16_t code, std::string_view reason, OutputQueue& out);

  bool closeSent() const noexcept { return closeSent_; }
  /// The peer's Close has come, or it has failed: what it sends now is discarded.
  bool receiveEnded() const noexcept { return receiveEnded_; }
  /// Discards what the peer sends from now on.
  void endReceiving() noexcept { receiveEnded_ = true; }
  /// Whether a message or a frame has begun and not ended.
  bool insideMessage() const noexcept { return partial_ != nullptr && !partial_->isDone(); }
  /// Frames so far of a message that comes in pieces, or of the one that was handed out last if it did;
  /// else 0.
  std::uint32_t fragments() const noexcept { return partial_ == nullptr ? 0 : partial_->fragments; }

 private:
  // A message has text or binary as its opcode, so this one is free.
  static constexpr Opcode noMessage = Opcode::Continuation;
  // Of a frame: so much is worth to be received by itself. And of its message so much has come that memory
  // for more is no gift.
  static constexpr std::size_t largeRest = 64 * 1024;
  static constexpr std::size_t largeStart = 8 * 1024;

  /// What is known of a message or a frame that did not come whole in one input.
  struct Partial {
    // What has arrived of the message, and behind it of a control frame in between; `handedOut` bytes
    // at its end are those of the last event.
    MessageBuffer buffer;
    // The buffer's memory, if the last event has been shared.
    Ref<SharedBytes> shared;
    std::uint64_t handedOut = 0;
    // Payload of the current frame: taken, and still to come.
    std::uint64_t position = 0;
    std::uint64_t remaining = 0;
    MaskKey mask{};
    // Frames of the message.
    std::uint32_t fragments = 0;
    Utf8Checker utf8;
    Opcode message = noMessage;
    Opcode frame = Opcode::Continuation;
    bool final = false;
    bool insideFrame = false;
    bool compressed = false;
    std::uint8_t headerSize = 0;
    std::array<std::byte, maxHeaderSize - 1> header{};

    bool isDone() const noexcept { return message == noMessage && !insideFrame && headerSize == 0; }
  };

  bool receivesMasked() const noexcept { return role_ == Role::Server; }
  bool sendsMasked() const noexcept { return role_ == Role::Client; }
  Partial& partial();

  bool beginsWithShortMessage(Bytes input) const noexcept;
  Event takeShortMessage(MutableBytes& input) noexcept;
  Event nextInFull(MutableBytes& input);
  DecodedHeader takeHeader(MutableBytes& input);
  Errc check(const FrameHeader& header) const noexcept;
  std::size_t sizeLimit(bool compressed, std::size_t fragments) const noexcept;
  Event takeFrame(const FrameHeader& header, MutableBytes& input);
  void beginFrame(const FrameHeader& header);
  Event collect(MutableBytes& input);
  Event inflate(Opcode opcode, Bytes payload);
  Event finishControl(Opcode opcode, MutableBytes payload) noexcept;
  Event fail(Errc error) noexcept;
  void dropHandedOut() noexcept;

  void control(Opcode opcode, Bytes payload, OutputQueue& out);
  void send(Opcode opcode, Bytes payload, OutputQueue& out, bool compressed = false);

  const SessionLimits* limits_;
  // Null between messages: what comes whole is handed out without it.
  std::unique_ptr<Partial> partial_;
  Role role_;
  bool closeSent_ = false;
  bool receiveEnded_ = false;
};

// The usual case, without a call: between messages, a data frame of less than 126 bytes lies whole in
// the input, or is to be sent.

inline bool Session::beginsWithShortMessage(Bytes input) const noexcept {
  const std::size_t headerSize = receivesMasked() ? 6 : 2;
  if (partial_ || receiveEnded_ || input.size() < headerSize) return false;
  const auto first = std::to_integer<unsigned>(input[0]);
  const auto second = std::to_integer<unsigned>(input[1]);
  // FIN and nothing reserved, text or binary; masked as the role demands (RFC 6455 §5.2).
  if ((first != 0x81 && first != 0x82) || second >> 7 != unsigned{receivesMasked()}) return false;
  const std::size_t length = second & 0x7F;
  return length < 126 && length <= input.size() - headerSize && length <= limits_->maxMessageSize;
}

inline Event Session::takeShortMessage(MutableBytes& input) noexcept {
  const std::size_t headerSize = receivesMasked() ? 6 : 2;
  const auto opcode = static_cast<Opcode>(std::to_integer<unsigned>(input[0]) & 0xF);
  const MutableBytes payload =
      input.subspan(headerSize, std::to_integer<std::size_t>(input[1] & std::byte{0x7F}));
  if (receivesMasked()) {
    MaskKey key;
    std::memcpy(key.data(), input.data() + 2, sizeof key);
    applyMaskShort(payload, key);
  }
  input = input.subspan(headerSize + payload.size());
  if (opcode == Opcode::Text && !isValidUtf8(payload)) return fail(Errc::InvalidUtf8);
  return Event::message(opcode, payload);
}

inline Event Session::next(MutableBytes& input) {
  return beginsWithShortMessage(input) ? takeShortMessage(input) : nextInFull(input);
}

inline void Session::message(Opcode opcode, Bytes payload, OutputQueue& out) {
  if (closeSent_) return;
  if (payload.size() < 126 && !sendsMasked()) {
    std::byte* at = out.extend(2 + payload.size());
    at[0] = std::byte{0x80} | static_cast<std::byte>(opcode);
    at[1] = static_cast<std::byte>(payload.size());
    if (!payload.empty()) std::memcpy(at + 2, payload.data(), payload.size());
  } else {
    send(opcode, payload, out);
  }
  out.endFrame(payload.size());
}

/// A server's data frame, whole, to be shared by many connections (a server's frames are the same for
/// all of them).
Ref<SharedBytes> frameForAll(Opcode opcode, Bytes payload, bool compressed = false);

}  // namespace duplex::protocol
