#include "protocol/session.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "base/contains.h"
#include "base/random.h"
#include "protocol/close_code.h"
#include "protocol/mask.h"
#include "protocol/permessage_deflate.h"

namespace duplex::protocol {
namespace {

FrameHeader headerOf(Opcode opcode, Bytes payload, bool compressed) noexcept {
  return {.rsv = compressed ? compressedBit : std::uint8_t{0}, .opcode = opcode, .length = payload.size()};
}

}  // namespace

Event Session::nextInFull(MutableBytes& input) {
  if (partial_) dropHandedOut();
  while (!receiveEnded_) {
    if (!partial_ || !partial_->insideFrame) {
      const DecodedHeader decoded = takeHeader(input);
      if (decoded.error != Errc{}) return fail(decoded.error);
      if (decoded.size == 0) return {};
      const FrameHeader& header = decoded.header;
      if (const Errc error = check(header); error != Errc{}) return fail(error);
      // An event by itself, which needs no memory of ours.
      const bool isWhole = header.fin && header.opcode != Opcode::Continuation;
      if (isWhole && header.length <= input.size()) return takeFrame(header, input);
      beginFrame(header);
    }
    if (const Event event = collect(input); event || partial_->insideFrame) return event;
  }
  input = {};
  return {};
}

Session::Partial& Session::partial() {
  if (!partial_) partial_ = std::make_unique<Partial>();
  return *partial_;
}

// The bytes of a header that is not complete are put by; there are at most 13 of them.
DecodedHeader Session::takeHeader(MutableBytes& input) {
  const std::size_t before = partial_ ? partial_->headerSize : 0;
  std::array<std::byte, maxHeaderSize> joined;
  Bytes bytes = input;
  if (before > 0) {
    const std::size_t added = std::min(input.size(), joined.size() - before);
    std::copy_n(input.data(), added, std::copy_n(partial_->header.data(), before, joined.data()));
    bytes = {joined.data(), before + added};
  }
  const DecodedHeader decoded = decodeHeader(bytes);
  if (decoded.size > 0) {
    if (before > 0) partial_->headerSize = 0;
    input = input.subspan(decoded.size - before);
  } else if (decoded.error == Errc{} && !bytes.empty()) {
    Partial& kept = partial();
    kept.headerSize = static_cast<std::uint8_t>(bytes.size());
    std::copy_n(bytes.data(), bytes.size(), kept.header.data());
    input = {};
  }
  return decoded;
}

Errc Session::check(const FrameHeader& header) const noexcept {
  // RFC 6455 §5.2, §5.1. The first frame says for all of its message that it is compressed.
  const bool compressed = header.rsv == compressedBit && limits_->deflate != nullptr &&
                          (header.opcode == Opcode::Text || header.opcode == Opcode::Binary);
  if (header.rsv != 0 && !compressed) return Errc::ReservedBit;
  if (!isKnown(header.opcode)) return Errc::ReservedOpcode;
  if (header.masked != receivesMasked()) return receivesMasked() ? Errc::MaskRequired : Errc::MaskForbidden;
  // §5.5.
  if (isControl(header.opcode)) {
    if (!header.fin) return Errc::ControlFragmented;
    if (header.length > maxControlPayload) return Errc::ControlTooLong;
    return {};
  }
  // §5.4.
  const bool inMessage = partial_ && partial_->message != noMessage;
  if (header.opcode == Opcode::Continuation) {
    if (!inMessage) return Errc::UnexpectedContinuation;
    if (partial_->fragments >= limits_->maxFragments) return Errc::TooManyFragments;
  } else if (inMessage) {
    return Errc::ExpectedContinuation;
  }
  // Said before any of it has come (§10.4).
  const std::size_t limit =
      inMessage ? sizeLimit(partial_->compressed, partial_->fragments + 1) : sizeLimit(compressed, 1);
  const std::size_t collected = inMessage ? partial_->buffer.size() : 0;
  if (header.length > limit || collected > limit - header.length) return Errc::MessageTooBig;
  return {};
}

/// What the frames of a message may carry. One that may be as large as it is allowed to be can get larger by
/// compression: by an eighth, where it is done badly, and by the end of a block in each frame.
std::size_t Session::sizeLimit(bool compressed, std::size_t fragments) const noexcept {
  const std::size_t limit = limits_->maxMessageSize;
  if (!compressed) return limit;
  const std::size_t more = limit / 8 + 8 * fragments + 64;
  return limit + std::min(more, std::numeric_limits<std::size_t>::max() - limit);
}

Event Session::takeFrame(const FrameHeader& header, MutableBytes& input) {
  const MutableBytes payload = input.first(header.length);
  input = input.subspan(header.length);
  if (receivesMasked()) applyMask(payload, header.mask);
  if (isControl(header.opcode)) return finishControl(header.opcode, payload);
  if (header.rsv != 0) return inflate(header.opcode, payload);
  if (header.opcode == Opcode::Text && !isValidUtf8(payload)) return fail(Errc::InvalidUtf8);
  return Event::message(header.opcode, payload);
}

void Session::beginFrame(const FrameHeader& header) {
  Partial& frame = partial();
  frame.frame = header.opcode;
  frame.final = header.fin;
  frame.mask = header.mask;
  frame.position = 0;
  frame.remaining = header.length;
  frame.insideFrame = true;
  if (isControl(header.opcode)) return;
  if (header.opcode != Opcode::Continuation) {
    frame.message = header.opcode;
    frame.compressed = header.rsv != 0;
    frame.fragments = 0;
  }
  ++frame.fragments;
}

Event Session::collect(MutableBytes& input) {
  Partial& at = *partial_;
  const bool control = isControl(at.frame);
  const Bytes part = input.first(std::min<std::uint64_t>(at.remaining, input.size()));
  input = input.subspan(part.size());
  const std::uint64_t after = at.remaining - part.size();
  const bool isLast = at.final && !control;
  const MutableBytes bytes =
      at.buffer.extend(part.size(), isLast ? after : std::numeric_limits<std::size_t>::max());
  copyMasked(part, bytes.data(), at.mask, at.position);
  at.position += part.size();
  at.remaining = after;
  at.insideFrame = after > 0;
  if (control) {
    if (at.insideFrame) return {};
    at.handedOut = at.position;
    return finishControl(at.frame, at.buffer.bytes().last(at.position));
  }
  // Text that can become no valid text is not waited for (§8.1).
  const bool isText = at.message == Opcode::Text && !at.compressed;
  if (isText && !at.utf8.feed(bytes)) return fail(Errc::InvalidUtf8);
  if (at.insideFrame || !at.final) return {};
  if (isText && !at.utf8.complete()) return fail(Errc::InvalidUtf8);
  at.handedOut = at.buffer.size();
  if (at.compressed) return inflate(std::exchange(at.message, noMessage), at.buffer.bytes());
  return Event::message(std::exchange(at.message, noMessage), at.buffer.bytes());
}

Event Session::inflate(Opcode opcode, Bytes payload) {
  const auto [error, message] = limits_->deflate->inflate(payload, limits_->maxMessageSize);
  if (error != Errc{}) return fail(error);
  if (opcode == Opcode::Text && !isValidUtf8(message)) return fail(Errc::InvalidUtf8);
  return Event::message(opcode, message);
}

Event Session::finishControl(Opcode opcode, MutableBytes payload) noexcept {
  if (opcode == Opcode::Ping) return {.type = Event::Type::Ping, .payload = payload};
  if (opcode == Opcode::Pong) return {.type = Event::Type::Pong, .payload = payload};
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

MutableBytes Session::room() {
  if (!wantsRoom()) return {};
  return partial_->buffer.room(partial_->remaining);
}

Ref<SharedBytes> Session::share(Bytes payload) {
  if (!partial_ || !partial_->isDone()) return {};
  if (!partial_->shared && !contains(partial_->buffer.bytes(), payload)) return {};
  if (!partial_->shared) partial_->shared = partial_->buffer.release();
  return contains(partial_->shared->bytes(), payload) ? partial_->shared : Ref<SharedBytes>();
}

// What the last event showed is needed no more.
void Session::dropHandedOut() noexcept {
  if (receiveEnded_ || partial_->isDone()) {
    partial_.reset();
  } else if (partial_->handedOut > 0) {
    partial_->buffer.truncate(partial_->buffer.size() - std::exchange(partial_->handedOut, 0));
  }
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

void Session::compressed(Opcode opcode, Bytes payload, OutputQueue& out) {
  if (closeSent_) return;
  send(opcode, payload, out, true);
  out.endFrame(payload.size());
}

void Session::send(Opcode opcode, Bytes payload, OutputQueue& out, bool compressed) {
  FrameHeader header = headerOf(opcode, payload, compressed);
  header.masked = sendsMasked();
  if (header.masked) randomBytes(header.mask);
  std::byte* at = out.extend(headerSize(header.length, header.masked) + payload.size());
  at += encodeHeader(header, at);
  if (header.masked) {
    copyMasked(payload, at, header.mask);
  } else if (!payload.empty()) {
    std::memcpy(at, payload.data(), payload.size());
  }
}

namespace {

Ref<SharedBytes> makeFrame(const FrameHeader& header, Bytes payload) {
  const std::size_t size = headerSize(header.length, header.masked) + payload.size();
  auto frame = Ref<SharedBytes>::adopt(new SharedBytes(size, payload.size()));
  std::byte* at = frame->writable().data();
  at += encodeHeader(header, at);
  if (header.masked) {
    copyMasked(payload, at, header.mask);
  } else {
    std::copy_n(payload.data(), payload.size(), at);
  }
  return frame;
}

}  // namespace

Ref<SharedBytes> Session::frame(Opcode opcode, Bytes payload, bool compressed) const {
  FrameHeader header = headerOf(opcode, payload, compressed);
  header.masked = sendsMasked();
  if (header.masked) randomBytes(header.mask);
  return makeFrame(header, payload);
}

Ref<SharedBytes> frameForAll(Opcode opcode, Bytes payload, bool compressed) {
  return makeFrame(headerOf(opcode, payload, compressed), payload);
}

}  // namespace duplex::protocol
