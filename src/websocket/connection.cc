#include "websocket/connection.h"

#include <algorithm>
#include <array>
#include <new>
#include <utility>

#include "base/contains.h"
#include "base/output_queue.h"
#include "net/loop.h"
#include "protocol/close_code.h"

namespace duplex::websocket {

using protocol::Event;
using protocol::Opcode;
using protocol::Role;

namespace {

// Times of a connection are told in ticks of about a millisecond. Differences of two are right up to 52
// days; no timer takes so long.
constexpr int tickBits = 20;
std::uint32_t ticksOf(TimePoint time) noexcept {
  return static_cast<std::uint32_t>(time.time_since_epoch().count() >> tickBits);
}

}  // namespace

Connection::Connection(Group& group, transport::Stream stream, Request request, std::string protocol)
    : group_(group),
      stream_(std::move(stream)),
      request_(std::move(request)),
      id_(group.loop.mailbox().slots.allocate(this)),
      session_(group.role, group.sessionLimits) {
  noteReceived();
  setState(ReadyState::Open);
  stream_.setHandler(*this);
  try {
    if (!protocol.empty()) extras().protocol = std::move(protocol);
  } catch (...) {
    group_.loop.mailbox().slots.release(id_);
    throw;
  }
  group_.add(*this);
  heartbeat();
}

Connection::~Connection() {
  group_.loop.mailbox().slots.release(id_);
  group_.remove(*this);
  group_.requests.drop(request_);
  if (extras_ != nullptr) group_.memory.extras.destroy(extras_);
}

void Connection::destroy() noexcept {
  group_.memory.connections.destroy(this);
}

void Connection::discard() {
  stream_.close(true);
  destroy();
}

WebSocket Connection::handle() const noexcept {
  return {&group_.loop.mailbox(), id_.index, id_.generation};
}

Address Connection::remoteAddress() const noexcept {
  if (stream_) return stream_.remoteAddress();
  return extras_ == nullptr ? Address() : extras_->remote;
}

const Request& Connection::request() {
  group_.requests.own(request_, remoteAddress());
  return request_;
}

Extras& Connection::extras() {
  if (extras_ == nullptr) extras_ = group_.memory.extras.make();
  return *extras_;
}

Waits& Connection::waits() {
  if (extras().waits == nullptr) extras_->waits = std::make_unique<Waits>(*this);
  return *extras_->waits;
}

void Connection::setState(ReadyState state) noexcept {
  state_ = state;
  const bool wildcards = group_.topics != nullptr && group_.topics->wildcards();
  const int bits = (isClient() ? clientBit : 0) | (wildcards ? wildcardsBit : 0);
  group_.loop.mailbox().slots.setState(id_, static_cast<std::uint8_t>(static_cast<int>(state) | bits));
}

// --- opening

void Connection::start(MutableBytes leftover) {
  if (group_.route != nullptr && group_.route->open) {
    guarded([this] { group_.route->open(handle(), request_); });
  }
  surviving([&] {
    request_ = group_.requests.keep(request_);
    if (!leftover.empty() && stream_) receive(leftover);
  });
}

// --- receiving

void Connection::onData(MutableBytes bytes) {
  surviving([&] {
    noteReceived();
    if (state_ == ReadyState::Connecting) bytes = readAnswer(bytes);
    receive(bytes);
  });
}

void Connection::receive(MutableBytes input) {
  const bool counted = group_.limits.maxFramesPerSecond != 0;
  const Bytes received = input;
  // A handler may end the stream.
  while (stream_) {
    const Event event = session_.next(input);
    if (counted && tooManyFrames(event)) return;
    if (!event) {
      stream_.offerRoom(session_.wantsRoom());
      return;
    }
    if (event.payload.size() >= directSize) {
      onLargeEvent(event, received);
    } else {
      onEvent(event);
    }
    if (Waits* waits = existingWaits(); waits != nullptr && waits->keeps(input)) return;
  }
}

// Without memory for the whole of it there may be some for what comes next.
MutableBytes Connection::room() {
  try {
    return session_.room();
  } catch (const std::bad_alloc&) {
    return {};
  }
}

void Connection::onEvent(const Event& event) {
  switch (event.type) {
    case Event::Type::Text:
      onMessage(Message::Type::Text, event.payload);
      return;
    case Event::Type::Binary:
      onMessage(Message::Type::Binary, event.payload);
      return;
    case Event::Type::Ping:
      onPing(event.payload);
      return;
    case Event::Type::Pong:
      onPong(event.payload);
      return;
    case Event::Type::Close:
    case Event::Type::Failure:
      onLast(event);
      return;
    case Event::Type::None:
      return;
  }
}

void Connection::onLargeEvent(const Event& event, Bytes received) {
  const auto head = static_cast<std::ptrdiff_t>(protocol::headerSize(event.payload.size(), false));
  // Ours is never longer than the peer's was, unless part of that came earlier.
  if (contains(received, event.payload) && event.payload.data() - received.data() >= head) {
    group_.received = event.payload;
  }
  struct Forgetting {
    MutableBytes& received;
    ~Forgetting() { received = {}; }
  } forgetting{group_.received};
  onEvent(event);
}

// The peer says no more after it.
void Connection::onLast(const Event& event) {
  if (Waits* waits = existingWaits(); waits != nullptr && waits->holds(event)) return;
  if (event.type == Event::Type::Close) {
    onClose(event);
  } else {
    fail(Error(event.error), event.error);
  }
}

void Connection::onMessage(Message::Type type, Bytes payload) {
  // After our Close the peer's messages are for nobody (WHATWG WebSockets §4).
  if (state_ != ReadyState::Open) return;
  group_.counters->messagesReceived.add();
  group_.counters->bytesReceived.add(payload.size());
  const Message message(type, payload);
  if (extras_ != nullptr && extras_->onmessage) {
    guarded([&] { extras_->onmessage(message); });
  } else if (Waits* waits = existingWaits(); waits != nullptr && waits->receiving()) {
    guarded([&] { waits->deliver(message); });
  } else if (group_.route != nullptr && group_.route->message) {
    guarded([&] { group_.route->message(handle(), message); });
  }
}

void Connection::onPing(Bytes payload) {
  if (state_ != ReadyState::Open) return;
  session_.pong(payload, stream_.output());
  if (controlOverLimit()) return;
  if (extras_ != nullptr && extras_->onping) {
    guarded([&] { extras_->onping(asText(payload)); });
  } else if (group_.route != nullptr && group_.route->ping) {
    guarded([&] { group_.route->ping(handle(), asText(payload)); });
  }
}

void Connection::onPong(Bytes payload) {
  if (state_ != ReadyState::Open) return;
  if (extras_ != nullptr && extras_->onpong) {
    guarded([&] { extras_->onpong(asText(payload)); });
  } else if (group_.route != nullptr && group_.route->pong) {
    guarded([&] { group_.route->pong(handle(), asText(payload)); });
  }
}

void Connection::onDrained() {
  surviving([this] { drained(); });
}

void Connection::drained() {
  if (extras_ != nullptr && extras_->peerEnded) {
    finish();
    return;
  }
  if (state_ != ReadyState::Open) return;
  if (extras_ != nullptr && extras_->backlog != nullptr) {
    release(queueGoal());
    stream_.notifyDrained();
    return;
  }
  if (Waits* waits = existingWaits()) waits->drained();
  if (state_ != ReadyState::Open) return;
  if (extras_ != nullptr && extras_->ondrain) {
    guarded([this] { extras_->ondrain(); });
  } else if (group_.route != nullptr && group_.route->drain) {
    guarded([this] { group_.route->drain(handle()); });
  }
}

// --- sending

std::size_t Connection::bufferedAmount() const noexcept {
  if (extras_ == nullptr) return stream_.queuedPayload();
  const std::size_t waiting = extras_->backlog == nullptr ? 0 : extras_->backlog->payload();
  return stream_.queuedPayload() + waiting + extras_->discarded;
}

void Connection::send(Opcode type, Bytes payload) {
  if (state_ != ReadyState::Open) {
    extras().discarded += payload.size();
    return;
  }
  if (group_.special && sentSpecially(type, payload, {})) [[unlikely]]
    return;
  if (overLimit(payload.size())) return;
  countSent(payload.size());
  if (payload.size() >= directSize && !isClient()) {
    sendDirectly({.opcode = type, .length = payload.size()}, payload);
  } else {
    session_.message(type, payload, stream_.output());
  }
  if (stream_.queued() > highWater) stream_.notifyDrained();
}

/// Without a copy of what the kernel takes at once. In an echo the header is written in front of the payload,
/// once: who sends the same again may say that it is of another type. Such an answer may count as queued
/// until the end of the turn, and is not to stand in the way of what follows it.
void Connection::sendDirectly(const protocol::FrameHeader& header, Bytes payload) {
  std::array<std::byte, protocol::maxHeaderSize> elsewhere;
  std::byte* head = elsewhere.data();
  if (!payload.empty() && payload.data() == group_.received.data() &&
      payload.size() == group_.received.size() && payload.size() + protocol::maxHeaderSize <= queueGoal()) {
    head = group_.received.data() - protocol::headerSize(payload.size(), false);
    group_.received = {};
  }
  const std::size_t size = protocol::encodeHeader(header, head);
  if (stream_.write(Bytes(head, size), payload, [&] { return session_.share(payload); })) return;
  finish(true);
  throw std::bad_alloc();
}

void Connection::sendFrame(const Ref<SharedBytes>& frame, const std::string_view& key) {
  if (state_ != ReadyState::Open) return;
  if (group_.special && sentSpecially(frame, key)) [[unlikely]]
    return;
  share(frame);
}

void Connection::share(const Ref<SharedBytes>& frame) {
  if (overLimit(frame->payload())) return;
  countSent(frame->payload());
  stream_.share(frame);
  if (stream_.queued() > highWater) stream_.notifyDrained();
}

void Connection::ping(Bytes payload) {
  if (state_ == ReadyState::Open && !controlOverLimit()) session_.ping(payload, stream_.output());
}

bool Connection::failsOverLimit(std::size_t payload) {
  const std::size_t limit = group_.limits.maxBufferedAmount;
  // One message may be larger, if no other waits before it.
  const std::size_t allowed = stream_.queuedPayload() == 0 ? stream_.queued() : stream_.queued() + payload;
  if (limit == 0 || allowed <= limit) return false;
  fail(Error(Errc::BufferFull), Errc::BufferFull);
  return true;
}

// Pings and pongs are not counted with the messages, which may be up to the limit and beyond it, but
// have the same limit to themselves.
bool Connection::controlOverLimit() {
  const std::size_t limit = group_.limits.maxBufferedAmount;
  const std::size_t control = stream_.queued() - std::min(stream_.queued(), stream_.queuedPayload());
  if (limit == 0 || control <= limit) return false;
  fail(Error(Errc::BufferFull), Errc::BufferFull);
  return true;
}

// --- topics

void Connection::subscribe(std::string_view topic) {
  if (group_.topics != nullptr && state_ == ReadyState::Open) group_.topics->subscribe(*this, topic);
}

void Connection::unsubscribe(std::string_view topic) {
  if (group_.topics != nullptr) group_.topics->unsubscribe(*this, topic);
}

bool Connection::isSubscribed(std::string_view topic) const {
  return group_.topics != nullptr && group_.topics->isSubscribed(*this, topic);
}

void Connection::publish(std::string_view topic, Opcode type, Bytes payload, std::string_view key) {
  if (group_.publish) group_.publish(topic, type, payload, key.empty() ? topic : key, this);
}

// --- time

void Connection::onTimer() {
  surviving([this] { timedOut(); });
}

void Connection::timedOut() {
  switch (state_) {
    case ReadyState::Connecting:
      onConnectingTimer();
      return;
    case ReadyState::Open:
      heartbeat();
      return;
    case ReadyState::Closing:
      closeDeadline();
      return;
    case ReadyState::Closed:
      return;
  }
}

void Connection::noteReceived() noexcept {
  lastReceived_ = ticksOf(group_.loop.now());
}

void Connection::heartbeat() {
  // Nobody receives, so nothing can come; but who is sent something has to take it.
  const Waits* const waits = existingWaits();
  const bool holdsBack = waits != nullptr && waits->holdsBack();
  if (holdsBack && (stream_.queued() == 0 || takesBytes())) noteReceived();
  const TimePoint now = group_.loop.now();
  const auto silent = std::chrono::floor<Milliseconds>(
      Clock::duration(std::int64_t{ticksOf(now) - lastReceived_} << tickBits));
  const auto idle = group_.limits.idleTimeout;
  const auto interval = group_.limits.pingInterval;
  if (idle.count() > 0 && silent >= idle && !takesBytes()) {
    fail(Error(Errc::IdleTimeout), Errc::IdleTimeout);
    return;
  }
  TimePoint due = TimePoint::max();
  if (interval.count() > 0) {
    if (silent >= interval) ping({});
    due = timeAfter(silent >= interval ? now : now - silent, interval);
  }
  if (idle.count() > 0) due = std::min(due, timeAfter(silent >= idle ? now : now - silent, idle));
  if (due != TimePoint::max() && state_ == ReadyState::Open) group_.loop.schedule(*this, due);
}

// --- the last event

void Connection::tellEnd() {
  const CloseEvent end = extras_ == nullptr ? CloseEvent{} : std::move(extras_->closeEvent);
  if (extras_ != nullptr && extras_->failed) {
    if (extras_->onerror) {
      guarded([this] { extras_->onerror(extras_->error); });
    } else if (group_.route != nullptr && group_.route->error) {
      guarded([this] { group_.route->error(handle(), extras_->error); });
    }
  }
  if (extras_ != nullptr && extras_->onclose) {
    guarded([&] { extras_->onclose(end); });
  } else if (group_.route != nullptr && group_.route->close) {
    guarded([&] { group_.route->close(handle(), end); });
  }
  if (Waits* waits = existingWaits()) waits->ended();
  Group& group = group_;
  const Address peer = remoteAddress();
  destroy();
  if (group.removed) group.removed(peer);
}

}  // namespace duplex::websocket
