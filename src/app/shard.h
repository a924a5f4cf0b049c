#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include <duplex/app.h>

#include "app/websocket_route.h"
#include "broker/hub.h"
#include "http/connection.h"
#include "net/alarm.h"
#include "net/loop.h"
#include "websocket/group.h"

namespace duplex {

/// What the shards of one app have in common. Constant while they run, but for the counter.
struct Shared {
  Shared(AppOptions as, broker::Hub::Deliver deliver)
      : options(std::move(as)), hub(deliver, options.topicWildcards) {}

  AppOptions options;
  broker::Hub hub;
  Function<void(const Error&)> report;
  std::atomic<std::size_t> connections{0};

  /// Reports `error`. It is called in the middle of things: what the application's handler throws has
  /// nowhere to go.
  void tell(const Error& error) const noexcept {
    try {
      if (report) report(error);
    } catch (...) {
    }
  }
};

/// An app's part on one loop: its connections there. For that loop's thread, but where it says
/// otherwise.
class Shard {
 public:
  Shard(Shared& shared, const http::Routes& routes, net::Loop& loop);
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;
  /// Cuts what is left.
  ~Shard();

  net::Loop& loop() noexcept { return loop_; }
  /// Without `tls` it is plain.
  void accept(const net::Accepted& accepted, transport::TlsServerContext* tls);

  /// Ends gracefully, and cuts what is left after `deadline`; then calls `closed`, once. Again: only
  /// sets the deadline anew.
  void close(Milliseconds deadline, Function<void()> closed);

  /// Handles of the open sockets; those of the routes added as `path`, or all. From any thread.
  void appendClients(std::string_view path, std::vector<WebSocket>& to) const;

 private:
  void upgrade(http::Exchange& exchange, const WebSocketUpgrade& route);
  websocket::Group& groupOf(const WebSocketUpgrade& route);
  void cut();
  void connectionGone();
  void tellIfEmpty();

  Shared& shared_;
  net::Loop& loop_;
  const std::shared_ptr<broker::Hub::Member> member_;
  http::ServerContext context_;
  std::unordered_set<http::ServerConnection*> connections_;
  // Made by the first connection of a route. The mutex guards the map against `appendClients`.
  std::unordered_map<const WebSocketUpgrade*, std::unique_ptr<websocket::Group>> groups_;
  mutable std::mutex mutex_;
  std::size_t sockets_ = 0;
  bool closing_ = false;
  net::Alarm<Shard> deadline_{*this, &Shard::cut};
  net::Alarm<Shard> emptyCheck_{*this, &Shard::tellIfEmpty};
  Function<void()> closed_;
};

}  // namespace duplex
