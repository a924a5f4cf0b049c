#include "app/shard.h"

#include <utility>

#include "app/upgrade.h"
#include "protocol/close_code.h"
#include "protocol/session.h"
#include "websocket/connection.h"

namespace duplex {

Shard::Shard(Shared& shared, const http::Routes& routes, net::Loop& loop)
    : shared_(shared),
      loop_(loop),
      member_(shared.hub.join(loop.mailbox())),
      context_{shared.options.http, routes, [this](const Error& error) { shared_.tell(error); },
               [this](http::Exchange& exchange, http::UpgradeRoute& route) {
                 upgrade(exchange, static_cast<WebSocketUpgrade&>(route));
               },
               [this](http::ServerConnection& connection) {
                 connections_.erase(&connection);
                 connectionGone();
               }} {}

Shard::~Shard() {
  cut();
  groups_.clear();
  shared_.hub.leave(member_);
}

void Shard::accept(const net::Accepted& accepted, transport::TlsServerContext* tls) {
  const std::size_t limit = shared_.options.maxConnections;
  if (closing_ || (limit != 0 && shared_.connections.load(std::memory_order_relaxed) >= limit)) {
    loop_.discard(accepted);
    if (!closing_) shared_.tell(Error(Errc::TooManyConnections));
    return;
  }
  shared_.connections.fetch_add(1, std::memory_order_relaxed);
  // It owns itself, and says when it has ended.
  auto* connection = new http::ServerConnection(context_, loop_, accepted);
  connections_.insert(connection);
  if (tls != nullptr) connection->startTls(*tls);
}

void Shard::upgrade(http::Exchange& exchange, const WebSocketUpgrade& route) {
  http::ServerConnection& connection = *exchange.connection;
  if (closing_) {
    connection.refuse(503);
    return;
  }
  UpgradeAnswer answer;
  try {
    answer = judgeUpgrade(exchange, route.route, shared_.options);
  } catch (...) {
    shared_.tell(Error::current());
    connection.refuse(500);
    return;
  }
  if (answer.status != 101) {
    connection.refuse(answer.status, answer.headers, answer.body);
    return;
  }
  const Request request(&exchange);
  auto [stream, leftover] = connection.upgrade(answer.head);
  ++sockets_;
  shared_.connections.fetch_add(1, std::memory_order_relaxed);
  websocket::Group& group = groupOf(route);
  websocket::Connection* socket =
      group.memory.connections.make(group, std::move(stream), request, std::move(answer.protocol));
  if (answer.deflate) socket->compress(std::move(*answer.deflate));
  socket->start(leftover);
}

websocket::Group& Shard::groupOf(const WebSocketUpgrade& route) {
  const std::lock_guard lock(mutex_);
  std::unique_ptr<websocket::Group>& group = groups_[&route];
  if (group != nullptr) return *group;
  group = std::make_unique<websocket::Group>(loop_, protocol::Role::Server, route.route.limits,
                                             route.route.compression);
  group->route = &route.route;
  group->topics = &member_->tree;
  group->publish = [this](std::string_view topic, protocol::Opcode type, Bytes payload, std::string_view key,
                          websocket::Connection* except) {
    shared_.hub.publish(topic, {protocol::frameForAll(type, payload), key}, except);
  };
  group->report = [this](const Error& error) { shared_.tell(error); };
  group->removed = [this] {
    --sockets_;
    connectionGone();
  };
  return *group;
}

void Shard::appendClients(std::string_view path, std::vector<WebSocket>& to) const {
  const std::lock_guard lock(mutex_);
  for (const auto& [route, group] : groups_) {
    if (!path.empty() && route->path != path) continue;
    const std::vector<WebSocket> open = group->open();
    to.insert(to.end(), open.begin(), open.end());
  }
}

// --- the end

void Shard::close(Milliseconds deadline, Function<void()> closed) {
  loop_.schedule(deadline_, deadline);
  if (closing_) return;
  closing_ = true;
  closed_ = std::move(closed);
  // They may end, and leave the set, while they are told.
  for (http::ServerConnection* connection : std::vector(connections_.begin(), connections_.end())) {
    if (connections_.contains(connection)) connection->shutdown();
  }
  for (const auto& [route, group] : groups_) group->closeAll(protocol::close_code::goingAway);
  loop_.schedule(emptyCheck_, Milliseconds(0));
}

void Shard::cut() {
  closing_ = true;
  for (http::ServerConnection* connection : std::vector(connections_.begin(), connections_.end())) {
    if (connections_.contains(connection)) connection->abort();
  }
  for (const auto& [route, group] : groups_) group->terminateAll();
}

void Shard::connectionGone() {
  shared_.connections.fetch_sub(1, std::memory_order_relaxed);
  // Not from within the connection that goes.
  if (closed_) loop_.schedule(emptyCheck_, Milliseconds(0));
}

void Shard::tellIfEmpty() {
  if (!closed_ || !connections_.empty() || sockets_ != 0) return;
  deadline_.cancel();
  const Function<void()> closed = std::move(closed_);
  closed();
}

}  // namespace duplex
