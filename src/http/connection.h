#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <duplex/error.h>
#include <duplex/function.h>
#include <duplex/http_limits.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/counters.h"
#include "base/ref.h"
#include "http/exchange.h"
#include "http/proxies.h"
#include "http/request_parser.h"
#include "http/response_writer.h"
#include "http/routes.h"
#include "net/alarm.h"
#include "net/loop.h"
#include "net/socket.h"
#include "transport/stream.h"

namespace duplex::http {

class ServerConnection;

/// What the connections of one app on one loop have in common. Outlives them.
struct ServerContext {
  const HttpLimits& limits;
  const Routes& routes;
  /// For the log.
  Function<void(const Error&, const ErrorContext&)> report;
  /// The chain got through to a WebSocket route: answer with `exchange.connection->upgrade(…)`, or
  /// with `refuse`; at once, or later on this thread if a Response is kept until then.
  Function<void(Exchange& exchange, UpgradeRoute& route)> upgrade;
  /// The connection is about to be deleted; an upgraded one has given its stream away.
  Function<void(ServerConnection&)> ended;
  /// The headers of the first request of a connection have come; `peer` is its other end. May be empty.
  Function<void(const Address& peer)> greeted{};
  /// What the loop counts; null to count nothing.
  Counters* counters = nullptr;
  /// Who is believed when it says whose requests it passes on; null for nobody.
  const Proxies* proxies = nullptr;
};

/// One HTTP/1.1 connection of a server: reads requests (RFC 9112), runs each through the routes, in
/// turn, and sends the answers; keeps alive and takes pipelined requests one after the other. Owns
/// itself: it is deleted when it has ended, after `ServerContext::ended`. For the loop's thread only.
class ServerConnection final : private net::SocketHandler {
 public:
  /// Made with `new`; `context` outlives it.
  ServerConnection(ServerContext& context, net::Loop& loop, net::Accepted accepted);
  /// What follows is TLS; `early` is what has been read of it. The handshake may take as long as the headers
  /// of a request.
  void startTls(transport::TlsServerContext& tls, Bytes early = {});

  /// What it takes up among the app's connections.
  enum class Place : std::uint8_t {
    Handshake,  ///< one of those of which no whole request header has come
    Served,
    Given,  ///< it is the WebSocket's now
    None,   ///< it was turned away
  };
  /// Takes the socket over, whose handler it is from now on; also if this throws.
  ServerConnection(ServerContext& context, net::Loop& loop, net::Socket& socket, Place place);
  Place place() const noexcept { return place_; }
  /// The other end, or whom its PROXY header names.
  const Address& peer() const noexcept { return peer_; }

  /// Answers that there is no room for it, without waiting for a request, and ends it. The connection may be
  /// gone when this returns.
  void turnAway(Errc error);

  /// Ends it gracefully: at once if it is idle, else after the answer that is due, which says
  /// `Connection: close`. The connection may be gone when this returns.
  void shutdown();
  /// Cuts it off. The connection may be gone when this returns.
  void abort();

  struct Upgraded {
    transport::Stream stream;
    /// Bytes that came after the request, for the new protocol to read first.
    std::vector<std::byte> leftover;
  };
  /// Sends `head`, the whole 101 response, and gives the stream away. The caller sets its handler;
  /// the connection ends when the call stack has left it. `Exchange::connection` is null from here on.
  Upgraded upgrade(std::string_view head);
  /// Answers the request that asked for an upgrade, and closes: nothing that follows it is read as a
  /// request. `headers` are whole lines, each with its CRLF.
  void refuse(int status, std::string_view headers = {}, std::string_view body = {});

  // --- what Response asks for; `exchange` is the current one

  /// Sends the head and all of the body.
  void respond(Exchange& exchange, Bytes body);
  /// Sends the head and then the file, as the peer takes it.
  void respond(Exchange& exchange, FileBody file);
  /// Sends the head if it has not been sent, and a part of the body. False: more is queued than the
  /// peer takes.
  bool write(Exchange& exchange, Bytes part);
  void end(Exchange& exchange);
  /// Answers with an error that no error handler took; without details.
  void fail(Exchange& exchange, const Error& error);
  /// The last handle went without an answer.
  void unanswered(Exchange& exchange);
  /// A drain handler came too late to be told.
  void drainedBefore(Exchange& exchange);
  /// The current exchange got through to a WebSocket route.
  void upgradeTo(Exchange& exchange, UpgradeRoute& route) { context_.upgrade(exchange, route); }

  ServerContext& context() noexcept { return context_; }

 private:
  // Keeps the connection from being deleted under the feet of whoever runs in it.
  class Busy;
  enum class State : std::uint8_t {
    Idle,       // between requests
    Head,       // a request has begun
    Body,       // its head is complete
    Handling,   // the handlers have it, or its answer is being made
    Answered,   // the answer is complete, but not enough of it taken to go on
    Lingering,  // all is said; waits for the client to take it and to close
    Closed,
  };

  ~ServerConnection();

  // Events (connection.cc).
  void onConnected() override;
  void onData(MutableBytes bytes) override;
  void onEnd() override;
  void onDrained() override;
  void onFailed(std::error_code error) override;
  void onTimeout();
  template <class Call>
  void surviving(Call call);
  void take(MutableBytes bytes);
  void peerEnds();
  void drained();
  void timedOut();
  bool peerStalls();
  void armTimeout();
  void headTimeout();
  void report(const Error& error) const;
  void reportCurrent() const noexcept;
  void pause();
  void resume();
  void release(bool complete);
  void linger();
  void close(bool reset);

  // The request's side (connection_request.cc).
  bool reading() const noexcept { return state_ <= State::Body; }
  void process(Bytes bytes);
  void processAhead();
  bool readOn();
  void begin();
  void expectation();
  void run();
  void believeProxy(Exchange& exchange) const;
  void refuseRequest(Errc error, int status, std::string detail = {});

  // The answer's side (connection_response.cc).
  bool current(const Exchange& exchange) const noexcept;
  void sendHead(Exchange& exchange, std::optional<std::uint64_t> length);
  void pump();
  void finishAnswer();
  void complete();
  bool mayReadOn() const noexcept { return stream_.queued() <= ResponseWriter::window; }
  template <class Write>
  void send(Write write);

  ServerContext& context_;
  net::Loop& loop_;
  transport::Stream stream_;
  // Of the request that is being read or answered; kept after it, to be used again.
  Ref<Exchange> exchange_;
  RequestParser parser_;
  ResponseWriter writer_;
  net::Alarm<ServerConnection> timeout_{*this, &ServerConnection::onTimeout};
  // What has arrived and not been read: a view during `process`, else kept in ahead_.
  Bytes input_;
  std::vector<std::byte> ahead_;
  // Bytes ever queued, how many of them were taken when that was looked at last, and since when it
  // has been so many.
  std::uint64_t written_ = 0;
  std::uint64_t taken_ = 0;
  TimePoint takenSince_{};
  // When the headers that are under way have to be complete, and what has come of them since their rate was
  // looked at.
  TimePoint headDeadline_{};
  std::size_t headBytes_ = 0;
  Address peer_;
  // Bytes dropped while lingering.
  std::size_t dropped_ = 0;
  State state_ = State::Idle;
  Place place_ = Place::Handshake;
  int busy_ = 0;
  bool begun_ = false;
  bool processing_ = false;
  bool paused_ = false;
  bool peerEnded_ = false;
  bool shuttingDown_ = false;
};

}  // namespace duplex::http
