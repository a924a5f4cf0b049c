#include "websocket/group.h"

#include "websocket/connection.h"

namespace duplex::websocket {

Group::Group(net::Loop& onLoop, protocol::Role as, const WebSocketLimits& within, const Compression& with)
    : loop(onLoop),
      memory(onLoop.local<ConnectionMemory>()),
      role(as),
      limits(within),
      compression(with),
      sessionLimits{within.maxMessageSize, within.maxFragments},
      special(within.slowPeer != SlowPeer::Close) {}

Group::~Group() {
  while (first_ != nullptr) first_->discard();
}

std::vector<WebSocket> Group::open() const {
  std::vector<WebSocket> sockets;
  const std::lock_guard lock(mutex_);
  for (const Connection* connection = first_; connection != nullptr; connection = connection->nextInGroup_) {
    const WebSocket socket = connection->handle();
    if (socket.readyState() == ReadyState::Open) sockets.push_back(socket);
  }
  return sockets;
}

void Group::closeAll(std::uint16_t code) {
  for (Connection* connection = first_; connection != nullptr; connection = connection->nextInGroup_) {
    connection->close(code, {});
  }
}

void Group::terminateAll() {
  for (Connection* connection = first_; connection != nullptr; connection = connection->nextInGroup_) {
    connection->terminate();
  }
}

AgreedCompression& Group::sharedCompression(const protocol::DeflateAgreement& agreement) {
  for (const auto& known : compressions_) {
    if (known->deflate.agreement() == agreement) return *known;
  }
  compressions_.push_back(
      std::make_unique<AgreedCompression>(memory.compression.tools, role, sessionLimits, agreement));
  return *compressions_.back();
}

void Group::add(Connection& connection) {
  const std::lock_guard lock(mutex_);
  connection.nextInGroup_ = first_;
  if (first_ != nullptr) first_->previousInGroup_ = &connection;
  first_ = &connection;
}

void Group::remove(Connection& connection) noexcept {
  const std::lock_guard lock(mutex_);
  Connection* const next = connection.nextInGroup_;
  Connection* const previous = connection.previousInGroup_;
  if (next != nullptr) next->previousInGroup_ = previous;
  (previous != nullptr ? previous->nextInGroup_ : first_) = next;
}

}  // namespace duplex::websocket
