#include "websocket/waits.h"

#include <utility>

#include "net/loop.h"
#include "net/take_all.h"
#include "websocket/connection.h"

namespace duplex::websocket {

using detail::CloseWait;
using detail::ConnectWait;
using detail::Link;
using detail::ReceiveWait;
using detail::SendWait;
using net::takeAll;
using protocol::Event;

namespace {

// Bytes of messages that wait, above which the peer is not read from; and what each costs beside its own.
constexpr std::size_t mostWaiting = 64 * 1024;
constexpr std::size_t messageCost = 64;
// Messages that a task may send in a row while the kernel takes them all at once.
constexpr std::uint8_t mostInARow = 64;

}  // namespace

Connection* Waits::connectionOf(const WebSocket& socket) noexcept {
  return socket.local();
}

void Waits::handlerFailed(Connection& connection) noexcept {
  try {
    connection.surviving([&] { connection.handlerFailed(); });
  } catch (...) {
    // Not even for the event of its end is there memory: its timer ends it.
  }
}

Waits::~Waits() {
  takeAll(receivers_, [](Link& link) { static_cast<ReceiveWait&>(link).resumeSoon(); });
  takeAll(rooms_, [](Link& link) { static_cast<SendWait&>(link).resumeSoon(); });
  takeAll(closings_, [](Link& link) { static_cast<CloseWait&>(link).resumeSoon(); });
  takeAll(openings_, [](Link& link) {
    auto& wait = static_cast<ConnectWait&>(link);
    try {
      wait.error_ = Error(Errc::Terminated);
    } catch (...) {
      wait.error_.code = make_error_code(Errc::Terminated);
    }
    wait.resumeSoon();
  });
}

// --- what coroutines do

bool Waits::receive(ReceiveWait& wait) {
  if (!receivers_.alone()) throw InvalidStateError("receive: another task waits for the next message");
  receiveFor(wait.root());
  if (messages_ != nullptr) {
    wait.message_.emplace(takeMessage());
    limitHolding();
    return false;
  }
  resumeReading();
  if (connection_->state() == ReadyState::Closed) return false;
  if (held_ || endHeld_) goOnSoon();
  burst_ = 0;
  wait.moveBefore(receivers_);
  return true;
}

OwnedMessage Waits::takeMessage() {
  OwnedMessage message = std::move(messages_->front());
  messages_->pop_front();
  size_ -= message.size() + messageCost;
  if (messages_->empty()) messages_.reset();
  return message;
}

void Waits::receiveFor(detail::TaskRoot* root) {
  receiving_ = true;
  if (root != nullptr) root->listen(*this);
}

bool Waits::waitForRoom(SendWait& wait) {
  connection_->stream_.notifyDrained();
  wait.moveBefore(rooms_);
  return true;
}

bool Waits::yields(SendWait& wait) {
  if (++burst_ < mostInARow) return false;
  burst_ = 0;
  wait.resumeSoon();
  return true;
}

bool Waits::waitForEnd(CloseWait& wait) {
  wait.moveBefore(closings_);
  return true;
}

bool Waits::waitForOpen(ConnectWait& wait) {
  receiveFor(wait.root());
  wait.moveBefore(openings_);
  return true;
}

// --- what the connection tells

void Waits::deliver(const Message& message) {
  if (!receivers_.alone()) {
    auto& wait = static_cast<ReceiveWait&>(receivers_.next());
    wait.message_.emplace(message);
    wait.resume();
    return;
  }
  // First what may throw: the deque is never empty.
  OwnedMessage copy(message);
  if (messages_ == nullptr) messages_ = std::make_unique<std::deque<OwnedMessage>>();
  messages_->push_back(std::move(copy));
  size_ += message.size() + messageCost;
  if (size_ > mostWaiting) pause();
}

bool Waits::keeps(Bytes rest) {
  if (!paused_) return false;
  input_.assign(rest.begin(), rest.end());
  return true;
}

void Waits::opened() {
  takeAll(openings_, [](Link& link) { static_cast<ConnectWait&>(link).resume(); });
}

void Waits::drained() {
  takeAll(rooms_, [](Link& link) {
    auto& wait = static_cast<SendWait&>(link);
    wait.open_ = true;
    wait.resume();
  });
}

void Waits::moveTo(Connection& connection) {
  connection_ = &connection;
  held_.reset();
  input_.clear();
  paused_ = endHeld_ = released_ = false;
  reading_.cancel();
  limit_.cancel();
  takeAll(rooms_, [](Link& link) { static_cast<SendWait&>(link).resumeSoon(); });
}

void Waits::closing() {
  resumeReading();
  if (held_ || endHeld_) goOnSoon();
}

void Waits::ended() {
  const Extras& extras = connection_->extras();
  takeAll(openings_, [&](Link& link) {
    auto& wait = static_cast<ConnectWait&>(link);
    wait.error_ = extras.failed ? extras.error : Error(Errc::ConnectionLost);
    wait.resume();
  });
  takeAll(receivers_, [](Link& link) { static_cast<ReceiveWait&>(link).resume(); });
  takeAll(rooms_, [](Link& link) { static_cast<SendWait&>(link).resume(); });
  takeAll(closings_, [&](Link& link) {
    auto& wait = static_cast<CloseWait&>(link);
    wait.event_ = extras.closeEvent;
    wait.resume();
  });
}

// The task that received is gone: what it has not received is for nobody.
void Waits::onTaskEnd() noexcept {
  receiving_ = false;
  messages_.reset();
  size_ = 0;
  resumeReading();
  if (held_ || endHeld_) goOnSoon();
}

// --- holding back

bool Waits::mayHold() const noexcept {
  return receiving_ && messages_ != nullptr && !released_ && connection_->state() == ReadyState::Open;
}

bool Waits::holds(const Event& event) {
  if (!mayHold()) return false;
  held_ = std::make_unique<Held>(Held{event, std::string(asText(event.payload))});
  limitHolding();
  return true;
}

bool Waits::holdsEnd() {
  if (!mayHold() && !held_) return false;
  endHeld_ = true;
  limitHolding();
  return true;
}

void Waits::tellHeld(CloseEvent& end) noexcept {
  if (!held_ || held_->event.type != Event::Type::Close) return;
  end.code = held_->event.code;
  end.reason = std::move(held_->payload);
  held_.reset();
}

// As of a peer that takes its time over the end: it may, as long as something moves.
void Waits::limitHolding() {
  if (!held_ && !endHeld_) return;
  const auto limit = connection_->group_.limits.closeTimeout;
  if (limit.count() > 0) connection_->group_.loop.schedule(limit_, limit);
}

void Waits::goOnSoon() {
  connection_->group_.loop.schedule(limit_, Milliseconds(0));
}

void Waits::goOn() {
  // A client's connection may be lost, and not have its successor yet.
  if (!connection_->stream_) return;
  released_ = true;
  connection_->surviving([this] {
    if (const auto held = std::move(held_)) {
      Event event = held->event;
      event.payload = MutableBytes(reinterpret_cast<std::byte*>(held->payload.data()), held->payload.size());
      connection_->onEvent(event);
    }
    if (std::exchange(endHeld_, false) && connection_->stream_) connection_->onEnd();
  });
}

void Waits::pause() {
  if (paused_ || !connection_->stream_) return;
  paused_ = true;
  connection_->stream_.pause();
}

void Waits::resumeReading() noexcept {
  if (paused_) connection_->group_.loop.schedule(reading_, TimePoint());
}

// From a timer that was due at once: what comes is not handed out inside a call.
void Waits::readOn() {
  if (!std::exchange(paused_, false) || !connection_->stream_) return;
  connection_->surviving([this] {
    connection_->stream_.resume();
    if (std::vector<std::byte> input = std::exchange(input_, {}); !input.empty()) connection_->receive(input);
  });
}

}  // namespace duplex::websocket
