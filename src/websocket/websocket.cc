#include <duplex/websocket.h>

#include <list>
#include <string>
#include <utility>

#include "net/alarm.h"
#include "net/loop.h"
#include "net/mailbox.h"
#include "protocol/close_code.h"
#include "protocol/utf8.h"
#include "topics/grammar.h"
#include "transport/resolver.h"
#include "transport/tls_client.h"
#include "transport/tls_stream.h"
#include "websocket/connection.h"

namespace duplex {

using protocol::Opcode;
using websocket::Connection;

namespace {

/// The clients of one loop. Their limits are their own, so each has a group to itself.
class Clients final : public net::Loop::Local {
 public:
  explicit Clients(net::Loop& loop) : loop_(loop) {
    // Those that are still connecting cancel their look-ups when they go.
    loop.local<transport::Resolver>();
    loop.local<websocket::ConnectionMemory>();
    loop.local<transport::TlsBuffers>();
  }

  websocket::Group& makeGroup(const ClientOptions& options) {
    const auto made =
        groups_.emplace(groups_.end(), loop_, protocol::Role::Client, options.limits, options.compression);
    try {
      made->removed = [this, made](const Address&) { drop(made); };
    } catch (...) {
      groups_.erase(made);
      throw;
    }
    return *made;
  }

 private:
  using Groups = std::list<websocket::Group>;

  // Later, for it is called from within the group's own function; and with no memory for that.
  void drop(Groups::iterator group) noexcept {
    gone_.splice(gone_.end(), groups_, group);
    loop_.schedule(dropping_, Milliseconds(0));
  }
  void dropGone() { gone_.clear(); }

  net::Loop& loop_;
  Groups groups_;
  Groups gone_;
  net::Alarm<Clients> dropping_{*this, &Clients::dropGone};
};

[[noreturn]] void notOpenYet() {
  throw InvalidStateError("send: the connection is not open yet");
}

void checkClose(std::uint16_t code, std::string_view reason, bool client) {
  if (client ? !protocol::isValidFromClient(code) : !protocol::isValidOnWire(code)) {
    throw InvalidAccessError("close: the code " + std::to_string(code) + " may not be sent");
  }
  if (reason.size() > protocol::maxCloseReason) {
    throw SyntaxError("close: the reason is longer than 123 bytes");
  }
}

std::vector<std::byte> copyOf(Bytes bytes) {
  return {bytes.begin(), bytes.end()};
}

}  // namespace

// --- the handle

Connection* WebSocket::local() const noexcept {
  if (owner_ == nullptr || owner_->local() == nullptr) return nullptr;
  return static_cast<Connection*>(owner_->slots.get({slot_, generation_}));
}

ReadyState WebSocket::readyState() const noexcept {
  constexpr auto dead = static_cast<std::uint8_t>(ReadyState::Closed);
  if (owner_ == nullptr) return ReadyState::Closed;
  const std::uint8_t state = owner_->slots.state({slot_, generation_}, dead);
  return static_cast<ReadyState>(state & Connection::stateMask);
}

bool WebSocket::has(std::uint8_t bit) const noexcept {
  return owner_ != nullptr && (owner_->slots.state({slot_, generation_}, 0) & bit) != 0;
}

template <class Call>
void WebSocket::onOwner(Call&& call) const {
  if (Connection* connection = local()) {
    call(*connection);
  } else if (readyState() != ReadyState::Closed) {
    owner_->post([socket = *this, call = std::forward<Call>(call)]() mutable {
      if (Connection* there = socket.local()) call(*there);
    });
  }
}

// --- a client

WebSocket::WebSocket(std::string_view url) : WebSocket(url, ClientOptions{}) {}

WebSocket::WebSocket(std::string_view url, ClientOptions options) {
  const websocket::Url parsed = websocket::parseUrl(url);
  websocket::checkOptions(options);
  net::Loop& loop = net::Loop::current();
  // What is wrong with it is the caller's to know; the connection asks for it again, and finds this one.
  if (parsed.secure) loop.local<transport::TlsClients>().context(options.tls);
  websocket::Group& group = loop.local<Clients>().makeGroup(options);
  try {
    // It owns itself: deleted after its close event.
    *this = group.memory.connections.make(group, parsed, std::move(options))->handle();
  } catch (...) {
    group.removed(Address());
    throw;
  }
}

// --- the browser's members

std::string WebSocket::url() const {
  const Connection* connection = local();
  if (connection == nullptr) return {};
  const websocket::Extras* extras = connection->existingExtras();
  if (extras != nullptr && !extras->url.empty()) return extras->url;
  const Request& request = connection->peekRequest();
  return std::string(request.protocol() == "https" ? "wss://" : "ws://") + std::string(request.host()) +
         std::string(request.url());
}

std::string WebSocket::protocol() const {
  const Connection* connection = local();
  if (connection == nullptr || connection->existingExtras() == nullptr) return {};
  return connection->existingExtras()->protocol;
}

std::string WebSocket::extensions() const {
  const Connection* connection = local();
  return connection == nullptr ? std::string() : std::string(connection->extensions());
}

std::size_t WebSocket::bufferedAmount() const noexcept {
  const Connection* connection = local();
  return connection == nullptr ? 0 : connection->bufferedAmount();
}

std::uint64_t WebSocket::dropped() const noexcept {
  const Connection* connection = local();
  return connection == nullptr ? 0 : connection->dropped();
}

template <class F>
void WebSocket::setHandler(F websocket::Extras::*place, F handler) const {
  if (Connection* connection = local()) {
    websocket::Extras& extras = connection->extras();
    extras.set(extras.*place, std::move(handler));
  }
}

template <class F>
void WebSocket::setClientHandler(F websocket::Client::*place, F handler) const {
  Connection* connection = local();
  if (connection == nullptr || !connection->isClient()) return;
  websocket::Extras& extras = connection->extras();
  extras.set((*extras.client).*place, std::move(handler));
}

void WebSocket::onopen(Function<void()> handler) const {
  setHandler(&websocket::Extras::onopen, std::move(handler));
}

void WebSocket::onmessage(Function<void(const Message&)> handler) const {
  setHandler(&websocket::Extras::onmessage, std::move(handler));
}

void WebSocket::onerror(Function<void(const Error&)> handler) const {
  setHandler(&websocket::Extras::onerror, std::move(handler));
}

void WebSocket::onclose(Function<void(const CloseEvent&)> handler) const {
  setHandler(&websocket::Extras::onclose, std::move(handler));
}

void WebSocket::onreconnect(Function<void(const ReconnectEvent&)> handler) const {
  setClientHandler(&websocket::Client::onreconnect, std::move(handler));
}

void WebSocket::onreopen(Function<void()> handler) const {
  setClientHandler(&websocket::Client::onreopen, std::move(handler));
}

void WebSocket::onping(Function<void(std::string_view)> handler) const {
  setHandler(&websocket::Extras::onping, std::move(handler));
}

void WebSocket::onpong(Function<void(std::string_view)> handler) const {
  setHandler(&websocket::Extras::onpong, std::move(handler));
}

void WebSocket::ondrain(Function<void()> handler) const {
  setHandler(&websocket::Extras::ondrain, std::move(handler));
}

void WebSocket::queue(std::string_view text) const {
  if (protocol::isValidUtf8(asBytes(text))) {
    sendChecked(true, asBytes(text));
  } else {
    sendChecked(true, asBytes(protocol::repairUtf8(text)));
  }
}

void WebSocket::queue(std::span<const std::byte> binary) const {
  sendChecked(false, binary);
}

void WebSocket::queue(const Message& message) const {
  // Its text has been checked when it came.
  sendChecked(message.isText(), message.bytes());
}

void WebSocket::sendChecked(bool text, std::span<const std::byte> payload) const {
  const Opcode type = text ? Opcode::Text : Opcode::Binary;
  if (Connection* connection = local()) {
    if (connection->state() == ReadyState::Connecting) notOpenYet();
    connection->send(type, payload);
    return;
  }
  if (readyState() == ReadyState::Connecting) notOpenYet();
  onOwner([type, bytes = copyOf(payload)](Connection& there) { there.send(type, bytes); });
}

// With a key, apart: who sends without one does not carry it along.

void WebSocket::queue(std::string_view text, SendOptions options) const {
  if (protocol::isValidUtf8(asBytes(text))) {
    sendChecked(true, asBytes(text), options.key);
  } else {
    sendChecked(true, asBytes(protocol::repairUtf8(text)), options.key);
  }
}

void WebSocket::queue(std::span<const std::byte> binary, SendOptions options) const {
  sendChecked(false, binary, options.key);
}

void WebSocket::queue(const Message& message, SendOptions options) const {
  sendChecked(message.isText(), message.bytes(), options.key);
}

void WebSocket::sendChecked(bool text, std::span<const std::byte> payload, std::string_view key) const {
  if (readyState() == ReadyState::Connecting) notOpenYet();
  const Opcode type = text ? Opcode::Text : Opcode::Binary;
  if (Connection* connection = local()) {
    connection->send(type, payload, key);
  } else {
    onOwner([type, bytes = copyOf(payload), name = std::string(key)](Connection& there) {
      there.send(type, bytes, name);
    });
  }
}

void WebSocket::close() const {
  onOwner([](Connection& connection) { connection.close(0, {}); });
}

void WebSocket::close(std::uint16_t code, std::string_view reason) const {
  checkClose(code, reason, has(Connection::clientBit));
  std::string repaired = protocol::repairUtf8(reason);
  if (repaired.size() > protocol::maxCloseReason) throw SyntaxError("close: the reason is not UTF-8");
  onOwner([code, text = std::move(repaired)](Connection& there) { there.close(code, text); });
}

// --- what a server needs beside them

void WebSocket::ping(std::string_view payload) const {
  if (payload.size() > protocol::maxControlPayload) {
    throw SyntaxError("ping: the payload is longer than 125 bytes");
  }
  onOwner([text = std::string(payload)](Connection& connection) { connection.ping(asBytes(text)); });
}

void WebSocket::terminate() const {
  onOwner([](Connection& connection) { connection.terminate(); });
}

Address WebSocket::remoteAddress() const {
  const Connection* connection = local();
  return connection == nullptr ? Address() : connection->remoteAddress();
}

void WebSocket::subscribe(std::string_view topic) const {
  if (has(Connection::wildcardsBit)) topics::checkPattern(topic);
  onOwner([topic = std::string(topic)](Connection& connection) { connection.subscribe(topic); });
}

void WebSocket::unsubscribe(std::string_view topic) const {
  onOwner([topic = std::string(topic)](Connection& connection) { connection.unsubscribe(topic); });
}

bool WebSocket::isSubscribed(std::string_view topic) const {
  const Connection* connection = local();
  return connection != nullptr && connection->isSubscribed(topic);
}

void WebSocket::publish(std::string_view topic, std::string_view text, SendOptions options) const {
  if (has(Connection::wildcardsBit)) topics::checkTopic(topic);
  const bool valid = protocol::isValidUtf8(asBytes(text));
  onOwner([topic = std::string(topic), key = std::string(options.key),
           text = valid ? std::string(text) : protocol::repairUtf8(text)](Connection& connection) {
    connection.publish(topic, Opcode::Text, asBytes(text), key);
  });
}

void WebSocket::publish(std::string_view topic, std::span<const std::byte> binary,
                        SendOptions options) const {
  if (has(Connection::wildcardsBit)) topics::checkTopic(topic);
  onOwner([topic = std::string(topic), key = std::string(options.key), bytes = copyOf(binary)](
              Connection& connection) { connection.publish(topic, Opcode::Binary, bytes, key); });
}

void WebSocket::publish(std::string_view topic, const Message& message, SendOptions options) const {
  if (has(Connection::wildcardsBit)) topics::checkTopic(topic);
  if (Connection* connection = local()) {
    // Its text has been checked when it came.
    connection->publish(topic, message.isText() ? Opcode::Text : Opcode::Binary, message.bytes(),
                        options.key);
  } else if (message.isText()) {
    publish(topic, message.text(), options);
  } else {
    publish(topic, message.bytes(), options);
  }
}

const Request& WebSocket::request() const {
  static const Request none;
  Connection* connection = local();
  return connection == nullptr ? none : connection->request();
}

void* WebSocket::setData(void* made, const void* type, void (*destroy)(void*)) const {
  if (Connection* connection = local()) {
    connection->extras().setData(made, type, destroy);
    return made;
  }
  destroy(made);
  return nullptr;
}

void* WebSocket::getData(const void* type) const noexcept {
  const Connection* connection = local();
  if (connection == nullptr || connection->existingExtras() == nullptr) return nullptr;
  const websocket::Extras& extras = *connection->existingExtras();
  return extras.dataTag == type ? extras.data : nullptr;
}

}  // namespace duplex
