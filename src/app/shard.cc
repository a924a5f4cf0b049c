#include "app/shard.h"

#include <utility>

#include "app/upgrade.h"
#include "net/tasks.h"
#include "protocol/close_code.h"
#include "protocol/session.h"
#include "websocket/connection.h"

namespace duplex {

Metrics Shared::metrics() const {
  Metrics sum;
  sum.connections = admissions.connections();
  sum.handshakes = admissions.handshakes();
  const std::lock_guard lock(countersMutex_);
  for (const Counters& counters : counters_) counters.addTo(sum);
  return sum;
}

Shard::Shard(Shared& shared, const http::Routes& routes, net::Loop& loop)
    : shared_(shared),
      loop_(loop),
      member_(shared.hub.join(loop.mailbox())),
      counters_(shared.addCounters()),
      context_{shared.options.http,
               routes,
               [this](const Error& error, const ErrorContext& where) { report(error, where); },
               [this](http::Exchange& exchange, http::UpgradeRoute& route) {
                 upgrade(exchange, static_cast<WebSocketUpgrade&>(route));
               },
               [this](http::ServerConnection& connection) { ended(connection); },
               [this](const Address& peer) { shared_.admissions.greet(counted(peer)); },
               &counters_,
               shared.proxies.empty() ? nullptr : &shared.proxies} {
  loop_.local<net::Tasks>();
}

Shard::~Shard() {
  cut();
  loop_.local<net::Tasks>().endOf(&context_);
  groups_.clear();
  shared_.hub.leave(member_);
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
    report(Error::current(), exchange.context());
    connection.refuse(500);
    return;
  }
  if (answer.status != 101) {
    connection.refuse(answer.status, answer.headers, answer.body);
    return;
  }
  // Of whom a proxy speaks for, the place is taken here; of others it was when they came.
  const Address client = exchange.remote;
  const Address newcomer = counted(connection.peer()) == connection.peer() ? Address() : counted(client);
  if (const Errc refused = shared_.admissions.enterAddress(newcomer, Admissions::Stage::Greeted);
      refused != Errc{}) {
    report(Error(refused), exchange.context());
    connection.refuse(httpStatus(refused));
    return;
  }
  try {
    becomeSocket(exchange, route, std::move(answer));
  } catch (...) {
    shared_.admissions.leaveAddress(newcomer);
    throw;
  }
}

void Shard::becomeSocket(http::Exchange& exchange, const WebSocketUpgrade& route, UpgradeAnswer answer) {
  const Request request(&exchange);
  const Address client = exchange.remote;
  // For middleware that waits for the answer.
  exchange.status = answer.status;
  auto [stream, leftover] = exchange.connection->upgrade(answer.head);
  stream.setRemoteAddress(client);
  websocket::Connection* socket = nullptr;
  try {
    websocket::Group& group = groupOf(route);
    socket = group.memory.connections.make(group, std::move(stream), request, std::move(answer.protocol));
    ++sockets_;
    counters_.upgrades.add();
    if (answer.deflate) socket->compress(std::move(*answer.deflate));
  } catch (...) {
    report(Error::current(), {client, route.path});
    if (socket == nullptr) return shared_.admissions.leave(counted(client));
    // No handler knows of it yet.
    socket->discard();
    return socketEnded(client);
  }
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
  group->counters = &counters_;
  group->report = [this, &route](const Error& error, const Address& peer) {
    report(error, {peer, route.path});
  };
  group->removed = [this](const Address& peer) { socketEnded(peer); };
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
  while (!gates_.empty()) gates_.begin()->first->abort();
  for (const auto& [route, group] : groups_) group->closeAll(protocol::close_code::goingAway);
  loop_.schedule(emptyCheck_, Milliseconds(0));
}

void Shard::cut() {
  closing_ = true;
  for (http::ServerConnection* connection : std::vector(connections_.begin(), connections_.end())) {
    if (connections_.contains(connection)) connection->abort();
  }
  while (!gates_.empty()) gates_.begin()->first->abort();
  for (const auto& [route, group] : groups_) group->terminateAll();
}

void Shard::connectionGone() noexcept {
  // Not from within the connection that goes.
  if (closed_) loop_.schedule(emptyCheck_, Milliseconds(0));
}

void Shard::tellIfEmpty() {
  if (!closed_ || !connections_.empty() || !gates_.empty() || sockets_ != 0) return;
  deadline_.cancel();
  const Function<void()> closed = std::move(closed_);
  closed();
}

}  // namespace duplex
