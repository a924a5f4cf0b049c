#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include <duplex/app.h>

#include "app/admissions.h"
#include "app/websocket_route.h"
#include "base/counters.h"
#include "broker/hub.h"
#include "http/connection.h"
#include "http/proxies.h"
#include "net/alarm.h"
#include "net/loop.h"
#include "transport/proxy_gate.h"
#include "transport/tls_context.h"
#include "websocket/group.h"

namespace duplex {

struct UpgradeAnswer;

/// What the shards of one app have in common. Constant while they run, but for what counts.
struct Shared {
  Shared(AppOptions as, broker::Hub::Deliver deliver)
      : options(std::move(as)),
        hub(deliver, options.topicWildcards),
        proxies(options.trustedProxies, options.forwardedHeader),
        admissions(options) {}

  AppOptions options;
  broker::Hub hub;
  const http::Proxies proxies;
  Admissions admissions;
  Function<void(const Error&, const ErrorContext&)> report;

  /// Reports `error`. It is called in the middle of things: what the application's handler throws has
  /// nowhere to go.
  void tell(const Error& error, const ErrorContext& where = {}) const noexcept {
    try {
      if (report) report(error, where);
    } catch (...) {
    }
  }

  /// A loop's counters, which stay when it ends. From any thread, as the next.
  Counters& addCounters() {
    const std::lock_guard lock(countersMutex_);
    return counters_.emplace_back();
  }
  Metrics metrics() const;

 private:
  mutable std::mutex countersMutex_;
  std::deque<Counters> counters_;
};

/// An app's part on one loop: its connections there. For that loop's thread, but where it says
/// otherwise.
class Shard final : transport::ProxyGate::Owner {
 public:
  Shard(Shared& shared, const http::Routes& routes, net::Loop& loop);
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;
  /// Cuts what is left.
  ~Shard();

  net::Loop& loop() noexcept { return loop_; }
  /// Without `tls` it is plain.
  void accept(const net::Accepted& accepted, transport::TlsServerContext* tls) noexcept;
  /// A connection could not be accepted.
  void acceptFailed(std::error_code error);

  /// Ends gracefully, and cuts what is left after `deadline`; then calls `closed`, once. Again: only
  /// sets the deadline anew.
  void close(Milliseconds deadline, Function<void()> closed);

  /// Handles of the open sockets; those of the routes added as `path`, or all. From any thread.
  void appendClients(std::string_view path, std::vector<WebSocket>& to) const;

 private:
  using Place = http::ServerConnection::Place;

  // Connections begin and go (shard_connections.cc).
  Address counted(const Address& peer) const noexcept;
  void receive(const net::Accepted& accepted, transport::TlsServerContext* tls);
  http::ServerConnection& keep(net::Socket& socket, Place place);
  void serve(net::Socket& socket, transport::TlsServerContext* tls, MutableBytes early = {});
  void turnAway(net::Socket& socket, transport::TlsServerContext* tls, Errc error);
  void awaitHeader(net::Socket& socket, transport::TlsServerContext* tls);
  void passed(transport::ProxyGate& gate, net::Socket& socket, MutableBytes rest) override;
  void failed(transport::ProxyGate& gate, Errc error) override;
  void giveBack(Place place, const Address& peer) noexcept;
  void ended(http::ServerConnection& connection) noexcept;
  void socketEnded(const Address& peer) noexcept;
  void report(const Error& error, const ErrorContext& where = {}) noexcept;
  void reportCurrent(const ErrorContext& where) noexcept;

  void upgrade(http::Exchange& exchange, const WebSocketUpgrade& route);
  void becomeSocket(http::Exchange& exchange, const WebSocketUpgrade& route, UpgradeAnswer answer);
  websocket::Group& groupOf(const WebSocketUpgrade& route);
  void cut();
  void connectionGone() noexcept;
  void tellIfEmpty();

  Shared& shared_;
  net::Loop& loop_;
  const std::shared_ptr<broker::Hub::Member> member_;
  Counters& counters_;
  http::ServerContext context_;
  std::unordered_set<http::ServerConnection*> connections_;
  // With what is to be spoken behind the header; null: nothing but HTTP.
  std::unordered_map<transport::ProxyGate*, Ref<transport::TlsServerContext>> gates_;
  // Those of `connections_` for which there is no room, and that are told so.
  std::size_t turnedAway_ = 0;
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
