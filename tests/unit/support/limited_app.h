#pragma once

#include <doctest/doctest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <duplex/duplex.h>

#include "support/loops.h"
#include "support/raw_client.h"
#include "support/server_frames.h"

namespace duplex::test {

/// Lets the simulated clock go on, with all that happens meanwhile.
inline void pass(net::Loop& loop, Milliseconds time) {
  const TimePoint end = loop.now() + time;
  while (loop.now() < end) loop.turn(end);
}

/// Lets happen what can happen now.
inline void settle(net::Loop& loop) {
  for (int i = 0; i < 50; ++i) loop.turn(loop.now());
}

/// An app over the simulated network, and clients that go up to its limits and beyond: what they are
/// answered, what the log says, what is counted.
struct LimitedApp {
  explicit LimitedApp(AppOptions options, WebSocketLimits limits = {}) : app(std::move(options)) {
    app.onerror([this](const Error& error) { log.push_back(error.message); });
    app.get("/", [](Request&, Response& res) { res.send("here"); });
    app.post("/", [](Request& req, Response& res) { res.send(std::to_string(req.body().size())); });
    app.ws("/", {.open = [this](WebSocket ws) { sockets.push_back(ws); },
                 .message = [this](WebSocket ws, const Message& message) { onmessage(ws, message); },
                 .limits = limits});
    address = app.listen(0, "127.0.0.1");
  }

  std::unique_ptr<RawClient> connect() { return std::make_unique<RawClient>(sim.loop, address); }
  /// A connection that has sent `text`, and what came of it by now.
  std::unique_ptr<RawClient> send(std::string_view text) {
    auto client = connect();
    client->send(text);
    settle(sim.loop);
    return client;
  }
  std::unique_ptr<RawClient> open() {
    auto client = send(upgradeRequest());
    REQUIRE(statusOf(*client) == 101);
    return client;
  }
  static int statusOf(const RawClient& client) {
    return client.received.size() < 12 ? 0 : std::stoi(client.received.substr(9, 3));
  }
  /// The code of the Close that came last; 0 if none did.
  static int closeCodeOf(const RawClient& client) {
    int code = 0;
    for (const ServerFrame& frame : framesIn(client.received)) {
      if (frame.first != 0x88) continue;
      const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(frame.payload[at]); };
      code = frame.payload.size() < 2 ? 1005 : byte(0) << 8 | byte(1);
    }
    return code;
  }

  std::uint64_t count(std::string_view name) const {
    const Metrics metrics = app.metrics();
    for (const MetricField& field : metricFields()) {
      if (field.name == name) return metrics.*field.value;
    }
    return ~std::uint64_t{0};
  }
  /// `limit` has been exceeded once, and nothing else; it stands in the log.
  void wasExceeded(std::string_view limit) {
    CAPTURE(limit);
    REQUIRE(log.size() == 1);
    CHECK(log[0].find("(" + std::string(limit) + ")") != std::string::npos);
    for (const MetricField& field : metricFields()) {
      if (field.limit) CHECK(app.metrics().*field.value == (field.name == limit ? 1u : 0u));
    }
  }
  /// Nothing has been exceeded.
  void wasKept() {
    CHECK(log.empty());
    for (const MetricField& field : metricFields()) {
      if (field.limit) CHECK(app.metrics().*field.value == 0);
    }
  }
  /// When all clients have left, nothing is left of them.
  void isEmpty() {
    CHECK(turnUntil(sim.loop, [&] { return app.metrics().connections == 0; }));
    CHECK(app.metrics().handshakes == 0);
    CHECK(app.metrics().sockets == 0);
  }

  SimLoop sim;
  App app;
  Address address;
  std::vector<std::string> log;
  std::vector<WebSocket> sockets;
  Function<void(WebSocket, const Message&)> onmessage = [](WebSocket ws, const Message& message) {
    ws.send(message);
  };
};

/// Runs `attempt(guarded, d)` for d = −1, 0 and 1 beside the limit, each in an app of its own; only the last
/// exceeds it.
template <class Attempt>
void besideTheLimit(std::string_view name, const AppOptions& options, const WebSocketLimits& limits,
                    Attempt attempt) {
  for (const int beside : {-1, 0, 1}) {
    CAPTURE(beside);
    LimitedApp guarded({.http = options.http,
                        .maxConnections = options.maxConnections,
                        .maxConnectionsPerAddress = options.maxConnectionsPerAddress,
                        .maxHandshakes = options.maxHandshakes},
                       limits);
    attempt(guarded, beside);
    if (beside > 0) {
      guarded.wasExceeded(name);
    } else {
      guarded.wasKept();
    }
    guarded.isEmpty();
  }
}

}  // namespace duplex::test
