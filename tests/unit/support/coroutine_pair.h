#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <duplex/duplex.h>

#include "support/loops.h"
#include "support/raw_client.h"
#include "support/server_frames.h"

namespace duplex::test {

/// Counts those that are alive: what a coroutine has on its stack.
struct Probe {
  explicit Probe(int& count) noexcept : alive(count) { ++alive; }
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;
  ~Probe() { --alive; }
  int& alive;
};

inline const std::string close1000 = clientFrame(0x88, std::string("\x03\xe8", 2));

/// A server with one route at "/", and a client that is told byte by byte what to send.
struct Pair {
  template <class Open>
  Pair(net::Loop& on, Open open, WebSocketLimits limits = {}) : loop(on) {
    app.onerror([this](const Error& error) { errors.push_back(error.message); });
    app.ws("/", {.open = std::move(open),
                 .close = [this](WebSocket, const CloseEvent& event) { ended = event.code; },
                 .limits = limits});
    client.emplace(loop, app.listen(0, "127.0.0.1"));
    client->send(upgradeRequest());
  }

  bool until(const std::function<bool()>& done) { return turnUntil(loop, done); }
  std::vector<std::string> payloads(unsigned char first = 0x81) const {
    std::vector<std::string> all;
    for (const ServerFrame& frame : framesIn(client->received)) {
      if (frame.first == first) all.push_back(frame.payload);
    }
    return all;
  }

  /// The client says goodbye and sends no more.
  void close() {
    client->send(close1000);
    client->shutdown();
  }

  net::Loop& loop;
  App app;
  std::vector<std::string> errors;
  int ended = 0;
  std::optional<RawClient> client;
};

}  // namespace duplex::test
