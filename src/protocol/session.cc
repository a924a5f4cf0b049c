#include "protocol/session.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "base/random.h"
#include "protocol/close_code.h"
#include "protocol/mask.h"

namespace duplex::protocol {

Event Session::next(MutableBytes& input) {
  dropHandedOut();
  while (!receiveEnded_) {
    if (!insideFrame_) {
      const DecodedHeader decoded = takeHeader(input);
      if (decoded.error != Errc{}) return fail(decoded.error);
      if (decoded.size == 0) return {};
      if (const Errc error = check(decoded.header); error != Errc{}) return fail(error);
      beginFrame(decoded.header);
    }
    // Returned straight away, so that the event is built in its place.
    if (liesWholeIn(input)) return takeFrame(input);
    if (const Event event = collect(input); event || insideFrame_) return event;
  }
  input = {};
  return {};
}

// The bytes of a header that is not complete are put by; there are at most 13 of them.
DecodedHeader Session::takeHeader(MutableBytes& input) noexcept {
  const std::size_t before = partialHeaderSize_;
  std::array<std::byte, maxHeaderSize> joined;
  Bytes bytes = input;
  if (before > 0) {
    const std::size_t added = std::min(input.size(), joined.size() - before);
    std::copy_n(input.data(), added, std::copy_n(partialHeader_.data(), before, joined.data()));
    bytes = {joined.data(), before + added};
  }
  const DecodedHeader decoded = decodeHeader(bytes);
  if (decoded.size > 0) {
    partialHeaderSize_ = 0;
    input = input.subspan(decoded.size - before);
  } else if (decoded.error == Errc{}) {
    partialHeaderSize_ = static_cast<std::uint8_t>(bytes.size());
    std::copy_n(bytes.data(), bytes.size(), partialHeader_.data());
    input = {};
  }
  return decoded;
}

Errc Session::check(const FrameHeader& header) const noexcept {
  // RFC 6455 §5.2, §5.1.
  if (header.rsv != 0) return Errc::ReservedBit;
  if (!isKnown(header.opcode)) return Errc::ReservedOpcode;
  if (header.masked != receivesMasked()) return receivesMasked() ? Errc::MaskRequired : Errc::MaskForbidden;
  // §5.5.
  if (isControl(header.opcode)) {
    if (!header.fin) return Errc::ControlFragmented;
    if (header.length > maxControlPayload) return Errc::ControlTooLong;
    return {};
  }
  // §5.4.
  if (header.opcode == Opcode::Continuation) {
    if (message_ == noMessage) return Errc::UnexpectedContinuation;
    if (fragments_ >= limits_->maxFragments) return Errc::TooManyFragments;
  } else if (message_ != noMessage) {
    return Errc::ExpectedContinuation;
  }
  // Said before any of it has come (§10.4).
  const std::size_t limit = limits_->maxMessageSize;
  if (header.length > limit || buffer_.size() > limit - header.length) return Errc::MessageTooBig;
  return {};
}

void Session::beginFrame(const FrameHeader& header) noexcept {
  frame_ = header.opcode;
  final_ = header.fin;
  mask_ = header.mask;
  position_ = 0;
  remaining_ = header.length;
  insideFrame_ = true;
  if (isControl(frame_)) return;
  if (frame_ != Opcode::Continuation) {
    message_ = frame_;
    fragments_ = 0;
  }
  ++fragments_;
}

// Whether the frame is an event by itself that needs no memory of ours.
bool Session::liesWholeIn(Bytes input) const noexcept {
  return position_ == 0 && remaining_ <= input.size() && final_ && frame_ != Opcode::Continuation;
}

Event Session::takeFrame(MutableBytes& input) noexcept {
  const MutableBytes payload = input.first(remaining_);
  input = input.subspan(remaining_);
  insideFrame_ = false;
  if (receivesMasked()) applyMask(payload, mask_);
  if (isControl(frame_)) return finishControl(payload);
  if (message_ == Opcode::Text && !isValidUtf8(payload)) return fail(Errc::InvalidUtf8);
  return finishMessage(payload);
}

Event Session::collect(MutableBytes& input) {
  const Bytes part = input.first(std::min<std::uint64_t>(remaining_, input.size()));
  input = input.subspan(part.size());
  const std::uint64_t after = remaining_ - part.size();
  const bool isLast = final_ && !isControl(frame_);
  const MutableBytes bytes =
      buffer_.extend(part.size(), isLast ? after : std::numeric_limits<std::size_t>::max());
  copyMasked(part, bytes.data(), mask_, position_);
  position_ += part.size();
  remaining_ = after;
  insideFrame_ = after > 0;
  if (isControl(frame_)) {
    if (insideFrame_) return {};
    handedOut_ = position_;
    return finishControl(buffer_.bytes().last(position_));
  }
  // Text that can become no valid text is not waited for (§8.1).
  if (message_ == Opcode::Text && !utf8_.feed(bytes)) return fail(Errc::InvalidUtf8);
  if (insideFrame_ || !final_) return {};
  if (!utf8_.complete()) return fail(Errc::InvalidUtf8);
  handedOut_ = buffer_.size();
  return finishMessage(buffer_.bytes());
}

Event Session::finishMessage(MutableBytes payload) noexcept {
  const auto type = message_ == Opcode::Text ? Event::Type::Text : Event::Type::Binary;
  message_ = noMessage;
  return {.type = type, .payload = payload};
}

Event Session::finishControl(MutableBytes payload) noexcept {
  if (frame_ == Opcode::Ping) return {.type = Event::Type::Ping, .payload = payload};
  if (frame_ == Opcode::Pong) return {.type = Event::Type::Pong, .payload = payload};
  // RFC 6455 §5.5.1, §7.1.5.
  if (payload.size() == 1) return fail(Errc::CloseBodyTooShort);
  Event event{.type = Event::Type::Close, .code = close_code::noStatus};
  if (!payload.empty()) {
    event.code = static_cast<std::uint16_t>(std::to_integer<unsigned>(payload[0]) << 8 |
                                            std::to_integer<unsigned>(payload[1]));
    event.payload = payload.subspan(2);
    if (!isValidOnWire(event.code)) return fail(Errc::CloseCodeInvalid);
    if (!isValidUtf8(event.payload)) return fail(Errc::InvalidUtf8);
  }
  receiveEnded_ = true;
  return event;
}

Event Session::fail(Errc error) noexcept {
  receiveEnded_ = true;
  return {.type = Event::Type::Failure, .error = error};
}

void Session::dropHandedOut() noexcept {
  if (receiveEnded_) handedOut_ = buffer_.size();
  if (handedOut_ == 0) return;
  buffer_.truncate(buffer_.size() - handedOut_);
  handedOut_ = 0;
}

void Session::message(Opcode opcode, Bytes payload, OutputQueue& out) {
  if (closeSent_) return;
  send(opcode, payload, out);
  out.endFrame(payload.size());
}

void Session::control(Opcode opcode, Bytes payload, OutputQueue& out) {
  if (!closeSent_) send(opcode, payload.first(std::min(payload.size(), maxControlPayload)), out);
}

void Session::close(std::uint16_t code, std::string_view reason, OutputQueue& out) {
  std::array<std::byte, maxControlPayload> body;
  std::size_t size = 0;
  if (code != 0 && code != close_code::noStatus) {
    body[0] = static_cast<std::byte>(code >> 8);
    body[1] = static_cast<std::byte>(code & 0xFF);
    size = 2 + std::min(reason.size(), maxCloseReason);
    std::copy_n(asBytes(reason).data(), size - 2, body.data() + 2);
  }
  control(Opcode::Close, Bytes(body).first(size), out);
  closeSent_ = true;
}

void Session::send(Opcode opcode, Bytes payload, OutputQueue& out) {
  FrameHeader header{.opcode = opcode, .masked = sendsMasked(), .length = payload.size()};
  if (header.masked) randomBytes(header.mask);
  std::byte* at = out.extend(headerSize(header.length, header.masked) + payload.size());
  at += encodeHeader(header, at);
  if (header.masked) {
    copyMasked(payload, at, header.mask);
  } else if (!payload.empty()) {
    std::memcpy(at, payload.data(), payload.size());
  }
}

Ref<SharedBytes> frameForAll(Opcode opcode, Bytes payload) {
  const FrameHeader header{.opcode = opcode, .length = payload.size()};
  auto frame = Ref<SharedBytes>::adopt(new SharedBytes(headerSize(header.length, false) + payload.size()));
  std::byte* at = frame->writable().data();
  std::copy_n(payload.data(), payload.size(), at + encodeHeader(header, at));
  return frame;
}

}  // namespace duplex::protocol
