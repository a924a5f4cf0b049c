// Tasks of a client that connects again.
#include <doctest/doctest.h>

#include <memory>
#include <string>

#include <duplex/duplex.h>

#include "support/loops.h"

using namespace duplex;
using namespace std::chrono_literals;
using test::overEachBackend;
using test::turnUntil;

namespace {

/// Echoes, and has the connection that came last.
struct Server {
  Server() {
    app->ws("/", [this](WebSocket ws) {
      ++opened;
      last = ws;
      ws.onmessage([ws](const Message& message) { ws.send(message); });
    });
    address = app->listen(0, "127.0.0.1");
  }
  void stop() { app.reset(); }
  std::string url() const { return "ws://" + address.string() + "/"; }

  std::unique_ptr<App> app = std::make_unique<App>();
  Address address;
  WebSocket last;
  int opened = 0;
};

const Reconnect often{.maxTries = 5, .delay = 20ms};

}  // namespace

TEST_CASE("a task that waits for a message goes on waiting while the connection is made again") {
  overEachBackend([](net::Loop& loop) {
    Server server;
    WebSocket ws(server.url(), {.reconnect = often});
    int reopened = 0;
    ws.onreopen([&] {
      ++reopened;
      ws.send("again");
    });
    std::string received;
    bool ended = false;
    spawn([&]() -> Task<> {
      while (const auto message = co_await ws.receive()) received.append(message->text()) += ' ';
      ended = true;
    });
    std::string expected;
    for (int i = 1; i <= 3; ++i) {
      REQUIRE(turnUntil(loop, [&] { return server.opened == i && ws.readyState() == ReadyState::Open; }));
      server.last.terminate();
      expected += "again ";
      REQUIRE(turnUntil(loop, [&] { return received == expected; }));
      CHECK(reopened == i);
    }
    CHECK_FALSE(ended);
    ws.close(1000);
    REQUIRE(turnUntil(loop, [&] { return ended; }));
    server.stop();
    run();
  });
}

TEST_CASE("a task that waits for room is told when the connection is lost") {
  overEachBackend([](net::Loop& loop) {
    Server server;
    WebSocket ws(server.url(), {.reconnect = often});
    REQUIRE(turnUntil(loop, [&] { return server.opened == 1 && ws.readyState() == ReadyState::Open; }));
    const std::string large(1024 * 1024, 'x');
    bool refused = false;
    std::string answer;
    spawn([&]() -> Task<> {
      while (co_await ws.send(large)) {
      }
      refused = true;
      const auto message = co_await ws.receive();
      answer = message ? std::string(message->text()) : "none";
    });
    // In this turn nobody reads.
    CHECK(ws.bufferedAmount() > 0);
    CHECK_FALSE(refused);
    ws.onreopen([&] { ws.send("again"); });
    server.last.terminate();
    REQUIRE(turnUntil(loop, [&] { return refused && answer == "again"; }));
    CHECK(server.opened == 2);
    ws.close(1000);
    REQUIRE(turnUntil(loop, [&] { return ws.readyState() == ReadyState::Closed; }));
    server.stop();
    run();
  });
}
