// How handlers of sockets that are coroutines end, and what they learn of the end of their peers.
#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <duplex/duplex.h>

#include "support/coroutine_pair.h"
#include "support/loops.h"
#include "support/raw_client.h"

using namespace duplex;
using namespace std::chrono_literals;
using test::clientFrame;
using test::close1000;
using test::overEachBackend;
using test::Pair;
using test::Probe;
using test::RawClient;
using test::turnUntil;

namespace {

std::string urlOf(const Address& address, const std::string& path = "/") {
  return "ws://" + address.string() + path;
}

}  // namespace

TEST_CASE("when the peer leaves, one way or the other, a receiving task is told, and runs to its end") {
  overEachBackend([](net::Loop& loop) {
    for (const bool reset : {false, true}) {
      int alive = 0;
      bool ended = false;
      CloseEvent end;
      Pair pair(loop, [&](WebSocket ws) -> Task<> {
        const Probe probe(alive);
        while (co_await ws.receive()) {
        }
        end = co_await ws.closed();
        co_await Loop::sleep(1ms);
        CHECK_FALSE(ws);
        CHECK_FALSE(co_await ws.send("gone"));
        CHECK_FALSE(co_await ws.receive());
        ended = true;
      });
      REQUIRE(pair.until([&] { return alive == 1; }));
      if (reset) {
        pair.client->close(true);
      } else {
        pair.close();
      }
      REQUIRE(pair.until([&] { return ended; }));
      CHECK(alive == 0);
      CHECK(end.code == (reset ? 1006 : 1000));
      CHECK(end.wasClean == !reset);
    }
  });
}

TEST_CASE("a task that waits for something else goes on when that comes, and finds its peer gone") {
  overEachBackend([](net::Loop& loop) {
    bool sleeping = false;
    std::optional<bool> open;
    Pair pair(loop, [&](WebSocket ws) -> Task<> {
      sleeping = true;
      co_await Loop::sleep(50ms);
      open = co_await ws.send("still there?");
    });
    REQUIRE(pair.until([&] { return sleeping; }));
    pair.client->close(true);
    REQUIRE(pair.until([&] { return open.has_value(); }));
    CHECK_FALSE(*open);
  });
}

TEST_CASE("a Close waits for a task that does not receive what came before it no longer than closeTimeout") {
  overEachBackend([](net::Loop& loop) {
    for (const bool fin : {false, true}) {
      bool has = false;
      Pair pair(loop,
                [&](WebSocket ws) -> Task<> {
                  has = true;
                  co_await ws.closed();
                },
                {.closeTimeout = 50ms});
      pair.client->send(clientFrame(0x81, "never received"));
      if (fin) {
        pair.client->shutdown();
      } else {
        pair.close();
      }
      REQUIRE(pair.until([&] { return has; }));
      CHECK(pair.until([&] { return pair.ended == (fin ? 1006 : 1000); }));
    }
  });
}

TEST_CASE("a Close that waits for a task is the end, though a reset comes before it is received") {
  overEachBackend([](net::Loop& loop) {
    Pair pair(loop, [](WebSocket ws) -> Task<> { co_await ws.closed(); });
    pair.client->send(clientFrame(0x81, "never received") + close1000);
    REQUIRE(pair.until([&] { return pair.app.metrics().messagesReceived == 1; }));
    for (int i = 0; i < 20; ++i) loop.turn(loop.now() + 1ms);
    CHECK(pair.ended == 0);
    pair.client->close(true);
    REQUIRE(pair.until([&] { return pair.ended != 0; }));
    CHECK(pair.ended == 1000);
  });
}

TEST_CASE("a client that is lost just when the time of a Close that waits is over connects again") {
  net::Loop loop("epoll");
  App app;
  int opened = 0;
  WebSocket server;
  app.ws("/", [&](WebSocket ws) {
    ++opened;
    server = ws;
    ws.send("never received");
    ws.close(1012, "again");
  });
  const std::string url = urlOf(app.listen(0, "127.0.0.1"));
  bool connected = false;
  const ClientOptions options{.limits = {.closeTimeout = 20ms}, .reconnect = {.maxTries = 1, .delay = 0ms}};
  spawn([&]() -> Task<> {
    [[maybe_unused]] const WebSocket ws = co_await WebSocket::connect(url, options);
    connected = true;
    co_await Loop::sleep(24h);
  });
  REQUIRE(turnUntil(loop, [&] { return connected; }));
  for (int i = 0; i < 20; ++i) loop.turn(loop.now());
  server.terminate();
  // Now both are due in one turn.
  std::this_thread::sleep_for(40ms);
  CHECK(turnUntil(
      loop, [&] { return opened == 2; }, 2'000));
}

TEST_CASE("when the task has ended messages are for nobody, and the connection goes on") {
  overEachBackend([](net::Loop& loop) {
    bool received = false;
    Pair pair(loop, [&](WebSocket ws) -> Task<> { received = (co_await ws.receive()).has_value(); });
    std::string many = clientFrame(0x81, "first");
    for (int i = 0; i < 2'000; ++i) many += clientFrame(0x81, std::string(100, 'x'));
    pair.client->send(many + clientFrame(0x89, "ping"));
    REQUIRE(pair.until([&] { return pair.payloads(0x8A).size() == 1; }));
    CHECK(received);
    CHECK(pair.ended == 0);
    pair.close();
    CHECK(pair.until([&] { return pair.ended == 1000; }));
  });
}

TEST_CASE("a handler that throws, now or later: 1011, told to the log") {
  overEachBackend([](net::Loop& loop) {
    for (const bool now : {true, false}) {
      Pair pair(loop, [&](WebSocket ws) -> Task<> {
        if (!now) co_await ws.receive();
        throw std::runtime_error("no good");
      });
      pair.client->send(clientFrame(0x81, "x"));
      REQUIRE(pair.until([&] { return pair.client->over(); }));
      CHECK(pair.payloads(0x88).at(0) == "\x03\xf3");
      REQUIRE(pair.errors.size() == 1);
      CHECK(pair.errors[0].find("no good") != std::string::npos);
    }
  });
}

TEST_CASE("what a task throws when its connection has gone goes to the log alone") {
  overEachBackend([](net::Loop& loop) {
    Pair pair(loop, [&](WebSocket ws) -> Task<> {
      co_await ws.closed();
      co_await Loop::sleep(5ms);
      throw std::runtime_error("too late");
    });
    pair.close();
    REQUIRE(pair.until([&] { return !pair.errors.empty(); }));
    CHECK(pair.errors[0].find("too late") != std::string::npos);
  });
}

TEST_CASE("the request that a coroutine is given is whole as long as it lives") {
  overEachBackend([](net::Loop& loop) {
    App app;
    std::vector<std::string> seen;
    app.ws("/rooms/:room", [&](WebSocket ws, const Request& req) -> Task<> {
      co_await Loop::sleep(5ms);
      seen.emplace_back(req.params("room"));
      co_await ws.closed();
      co_await Loop::sleep(5ms);
      seen.emplace_back(req.header("X-Name"));
      seen.emplace_back(req.query("q"));
    });
    RawClient client(loop, app.listen(0, "127.0.0.1"));
    client.send(test::upgradeRequest("/rooms/tea?q=1", "X-Name: Ann\r\n") + close1000);
    client.shutdown();
    REQUIRE(turnUntil(loop, [&] { return seen.size() == 3; }));
    CHECK(seen == std::vector<std::string>{"tea", "Ann", "1"});
  });
}

TEST_CASE("a connection that nobody waits for any more is cut") {
  net::Loop loop("epoll");
  App app;
  app.ws("/", [](WebSocket) {});
  const std::string url = urlOf(app.listen(0, "127.0.0.1"));
  { [[maybe_unused]] const auto connecting = WebSocket::connect(url); }
  for (int i = 0; i < 100; ++i) loop.turn(loop.now());
  CHECK(app.clients().empty());
}

TEST_CASE("tasks that wait for sockets go with their loop") {
  int alive = 0;
  {
    net::Loop loop("epoll");
    App app;
    app.ws("/", [&](WebSocket ws, const Request&) -> Task<> {
      const Probe probe(alive);
      co_await ws.receive();
    });
    const std::string url = urlOf(app.listen(0, "127.0.0.1"));
    spawn([&, url]() -> Task<> {
      const Probe probe(alive);
      const WebSocket ws = co_await WebSocket::connect(url);
      co_await ws.receive();
    });
    spawn([&]() -> Task<> {
      const Probe probe(alive);
      const WebSocket ws = co_await WebSocket::connect("ws://127.0.0.1:" + url.substr(url.rfind(':') + 1));
      co_await ws.closed();
    });
    REQUIRE(turnUntil(loop, [&] { return alive == 4; }));
  }
  CHECK(alive == 0);
}

TEST_CASE("connections of coroutines cut at random moments leave no task behind") {
  for (std::uint64_t seed = 1; seed <= test::seeds(40); ++seed) {
    test::SimLoop sim({.seed = seed, .maxChunk = 40 * seed, .capacity = 2'000, .resets = 3, .delays = 300});
    int alive = 0;
    int clients = 0;
    {
      App app;
      app.onerror([](const Error&) {});
      app.ws("/", [&](WebSocket ws, const Request&) -> Task<> {
        const Probe probe(alive);
        while (auto message = co_await ws.receive()) {
          if (message->size() % 3 == 0) co_await Loop::sleep(1ms);
          co_await ws.send(*message);
        }
      });
      const std::string url = urlOf(app.listen(0, "127.0.0.1"));
      for (int i = 0; i < 8; ++i) {
        spawn([&, url, i]() -> Task<> {
          const Probe probe(clients);
          try {
            const WebSocket ws = co_await WebSocket::connect(url);
            for (std::size_t n = 0; n < 30; ++n) {
              if (!co_await ws.send(std::string(n * 37, 'x'))) break;
              const auto answer = co_await ws.receive();
              if (!answer) break;
              if (answer->size() != n * 37) throw std::logic_error("another message");
            }
            if (i % 2 == 0) ws.close();
            if (i % 2 == 1) ws.terminate();
          } catch (const std::system_error&) {
          }
        });
      }
      CHECK(turnUntil(sim.loop, [&] { return clients == 0 && alive == 0; }));
    }
  }
}
