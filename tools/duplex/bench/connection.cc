#include "bench/connection.h"

#include <array>
#include <string>
#include <utility>

#include "base/random.h"
#include "protocol/close_code.h"
#include "protocol/mask.h"

namespace duplex::bench {
namespace {

constexpr std::size_t maxAnswer = 16 * 1024;

std::string sayClose(Bytes payload) {
  if (payload.size() < 2) return "the server closed without a code";
  const unsigned code = std::to_integer<unsigned>(payload[0]) << 8 | std::to_integer<unsigned>(payload[1]);
  return "the server closed with " + std::to_string(code);
}

}  // namespace

// --- opening

void Connection::open() {
  position_ = 0;
  wasOpen_ = false;
  waiting_.clear();
  reader_.reset();
  since_ = Clock::now();
  address_ = target_.firstAddress();
  shared_.events.onOpening(*this);
  connect();
}

void Connection::connect() {
  state_ = State::Connecting;
  stream_ = transport::Stream(shared_.loop.connect(target_.addresses()[address_], *this));
}

void Connection::onConnected() {
  state_ = State::Handshaking;
  if (target_.startTls(stream_)) return;
  answer_ = std::make_unique<http::ResponseHeadParser>(maxAnswer);
  stream_.output().append(target_.handshake(index_).request);
}

void Connection::readAnswer(Bytes bytes) {
  using Result = http::ResponseHeadParser::Result;
  std::size_t consumed = 0;
  const Result result = answer_->feed(bytes, consumed);
  if (result == Result::NeedMore) return;
  if (result == Result::Failed) {
    return fail(Fault::Handshake, make_error_code(answer_->error()).message());
  }
  const protocol::UpgradeResult verdict = protocol::checkResponse(
      {answer_->status(), answer_->version(), answer_->headers()}, target_.handshake(index_).ours);
  if (verdict.error == Errc::HandshakeRefused) {
    return fail(Fault::Handshake, "the server answered " + std::to_string(answer_->status()));
  }
  if (verdict.error != Errc{}) return fail(Fault::Handshake, make_error_code(verdict.error).message());
  answer_.reset();
  state_ = State::Open;
  wasOpen_ = true;
  ++shared_.tally.handshakes;
  shared_.tally.opening.record(static_cast<std::uint64_t>((Clock::now() - since_).count()));
  shared_.events.onOpen(*this);
  if (isOpen() && consumed < bytes.size()) receive(bytes.subspan(consumed));
}

// --- messages

void Connection::send(std::size_t count) {
  shared_.pool.write(stream_.output(), next_, count);
  next_ = shared_.pool.next(next_, count);
  shared_.tally.sent += count;
}

void Connection::onData(MutableBytes bytes) {
  if (state_ == State::Open) {
    receive(bytes);
  } else if (state_ == State::Handshaking) {
    readAnswer(bytes);
  }
}

void Connection::receive(Bytes bytes) {
  while (!bytes.empty()) {
    const Found found = reader_.read(bytes, shared_.pool);
    if (found.strange != 0) {
      shared_.tally.fault(Fault::Mismatch, found.strange, "a message came that is not what was sent");
    }
    if (found.missing != 0) shared_.tally.fault(Fault::Missing, found.missing, "messages were passed over");
    if (found.messages != 0) {
      shared_.tally.messages += found.messages;
      position_ += found.messages + found.missing;
      shared_.events.onMessages(*this, found.messages + found.missing, Clock::now());
    }
    if (!isOpen()) return;
    if (found.error != Errc{}) return fail(Fault::Protocol, make_error_code(found.error).message());
    if (found.control) onControl(*found.control, found.controlPayload);
    if (!isOpen()) return;
  }
}

void Connection::onControl(protocol::Opcode opcode, Bytes payload) {
  if (opcode == protocol::Opcode::Ping) {
    sendControl(protocol::Opcode::Pong, payload);
  } else if (opcode == protocol::Opcode::Close) {
    // The answer, and then the end, which is the server's to make (RFC 6455 §7.1.1).
    shared_.tally.fault(Fault::Closed, 1, sayClose(payload));
    sendControl(opcode, payload.first(payload.size() < 2 ? 0 : 2));
    state_ = State::Closing;
    since_ = Clock::now();
  }
}

void Connection::sendControl(protocol::Opcode opcode, Bytes payload) {
  std::array<std::byte, protocol::maxHeaderSize + protocol::maxControlPayload> frame;
  protocol::FrameHeader header{.opcode = opcode, .masked = true, .length = payload.size()};
  randomBytes(header.mask);
  const std::size_t size = protocol::encodeHeader(header, frame.data());
  protocol::copyMasked(payload, frame.data() + size, header.mask);
  stream_.output().append(Bytes(frame).first(size + payload.size()));
}

void Connection::onDrained() {
  if (isOpen()) shared_.events.onDrained(*this);
}

// --- the end

void Connection::close() {
  if (!isOpen()) return;
  constexpr std::array code{std::byte{protocol::close_code::normal >> 8},
                            std::byte{protocol::close_code::normal & 0xFF}};
  sendControl(protocol::Opcode::Close, code);
  state_ = State::Closing;
  since_ = Clock::now();
}

void Connection::cut() {
  if (state_ == State::Gone) return;
  stream_.close(true);
  gone();
}

void Connection::checkTime(TimePoint limit) {
  const bool under = state_ == State::Connecting || state_ == State::Handshaking || state_ == State::Closing;
  if (!under || since_ >= limit) return;
  fail(Fault::Timeout, state_ == State::Closing      ? "the server did not end a connection"
                       : state_ == State::Connecting ? "the server did not accept a connection"
                                                     : "the server did not answer the handshake");
}

void Connection::fail(Fault fault, std::string_view detail) {
  shared_.tally.fault(fault, 1, detail);
  cut();
}

void Connection::gone() {
  state_ = State::Gone;
  answer_.reset();
  shared_.events.onGone(*this);
}

void Connection::onEnd() {
  switch (state_) {
    case State::Closing:
      stream_.close();
      return gone();
    case State::Handshaking:
      return fail(Fault::Handshake, "the server ended the connection without an answer");
    default:
      return fail(Fault::Closed, "the server ended the connection without a Close");
  }
}

void Connection::onFailed(std::error_code error) {
  const std::string why = stream_.failure();
  stream_.forget();
  const bool refused = error == std::errc::connection_refused;
  if (state_ == State::Connecting) {
    target_.skipAddress(address_);
    if (++address_ < target_.addresses().size()) return connect();
    std::string detail = target_.url() + ": " + error.message();
    if (error == std::errc::address_not_available) {
      detail += " (no local port is left; give more URLs, such as ws://127.0.0.2:…)";
    }
    shared_.tally.fault(refused ? Fault::Refused : Fault::Connect, 1, detail);
  } else if (state_ != State::Closing) {
    shared_.tally.fault(state_ == State::Handshaking ? Fault::Handshake : Fault::Closed, 1,
                        error.message() + (why.empty() ? "" : ": " + why));
  }
  gone();
}

}  // namespace duplex::bench
