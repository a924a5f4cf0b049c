// Handles outlive what they refer to, and may be used from anywhere.
#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <duplex/duplex.h>

#include "support/loops.h"
#include "support/raw_client.h"

using namespace duplex;
using test::overEachBackend;
using test::RawClient;
using test::SimLoop;
using test::turnUntil;

namespace {

std::string urlOf(const Address& address) {
  return "ws://" + address.string() + "/";
}

/// Calls everything that a handle has.
void useAll(const WebSocket& ws) {
  ws.send("text");
  ws.send(std::vector<std::uint8_t>{1, 2, 3});
  ws.ping("x");
  ws.subscribe("topic");
  ws.publish("topic", "text");
  ws.unsubscribe("topic");
  ws.onmessage([](const Message&) {});
  ws.onclose([](const CloseEvent&) {});
  ws.emplace<std::string>("data");
  CHECK(ws.data<std::string>() == nullptr);
  CHECK(ws.url().empty());
  CHECK(ws.protocol().empty());
  CHECK(ws.extensions().empty());
  CHECK(ws.bufferedAmount() == 0);
  CHECK(ws.remoteAddress() == Address());
  CHECK(ws.request().method().empty());
  CHECK_FALSE(ws.isSubscribed("topic"));
  CHECK(ws.readyState() == ReadyState::Closed);
  ws.close(1000);
  ws.terminate();
}

}  // namespace

TEST_CASE("a handle of nothing, of a closed connection and of a loop that has ended does nothing") {
  useAll(WebSocket());
  WebSocket client;
  WebSocket server;
  {
    net::Loop loop("epoll");
    App app;
    app.ws("/", [&](WebSocket ws) { server = ws; });
    client = WebSocket(urlOf(app.listen(0, "127.0.0.1")));
    REQUIRE(turnUntil(loop, [&] { return client.readyState() == ReadyState::Open; }));
    bool closed = false;
    client.onclose([&] { closed = true; });
    server.terminate();
    REQUIRE(turnUntil(loop, [&] { return closed && server.readyState() == ReadyState::Closed; }));
    loop.turn(loop.now());
    useAll(client);
    useAll(server);
    // Its slot has another connection now; the old handles do not mean that.
    const WebSocket next(urlOf(app.listen(0, "127.0.0.1")));
    REQUIRE(turnUntil(loop, [&] { return next.readyState() == ReadyState::Open; }));
    CHECK(client.readyState() == ReadyState::Closed);
    client.terminate();
    CHECK(next.readyState() == ReadyState::Open);
  }
  useAll(client);
  useAll(server);
}

TEST_CASE("a connection may be ended, and its handlers replaced, inside its own handlers") {
  overEachBackend([](net::Loop& loop) {
    App app;
    int closes = 0;
    app.ws("/", [&](WebSocket ws) {
      auto big = std::string(1000, 'x');
      ws.onmessage([ws, &closes, big](const Message& message) {
        ws.onmessage(nullptr);
        ws.onmessage([](const Message&) {});
        CHECK(big.size() == 1000);  // still alive, though replaced twice
        ws.onclose([&closes] { ++closes; });
        if (message.text() == "terminate") ws.terminate();
        if (message.text() == "close") ws.close();
        if (message.text() == "throw") throw 42;
        CHECK(big == std::string(1000, 'x'));
        ws.send("after");
      });
    });
    const std::string url = urlOf(app.listen(0, "127.0.0.1"));
    int clientCloses = 0;
    for (const char* how : {"terminate", "close", "throw"}) {
      WebSocket ws(url);
      ws.onopen([ws, how] { ws.send(how); });
      ws.onclose([&clientCloses, ws] {
        ++clientCloses;
        ws.terminate();
        ws.close();
      });
    }
    REQUIRE(turnUntil(loop, [&] { return clientCloses == 3 && closes == 3; }));
    for (int i = 0; i < 10; ++i) loop.turn(loop.now());
    CHECK(closes == 3);
    CHECK(clientCloses == 3);
  });
}

TEST_CASE("data lives as long as its connection, and is of its type alone") {
  overEachBackend([](net::Loop& loop) {
    struct Probe {
      explicit Probe(int& count) : alive(count) { ++alive; }
      ~Probe() { --alive; }
      int& alive;
    };
    int alive = 0;
    App app;
    app.ws("/", [&](WebSocket ws) {
      ws.emplace<int>(7);
      ws.emplace<Probe>(alive);
      CHECK(ws.data<int>() == nullptr);
      CHECK(ws.data<Probe>() != nullptr);
      ws.emplace<Probe>(alive);
      CHECK(alive == 1);
      ws.close();
    });
    const WebSocket ws(urlOf(app.listen(0, "127.0.0.1")));
    REQUIRE(turnUntil(loop, [&] { return alive == 1; }));
    REQUIRE(turnUntil(loop, [&] { return alive == 0; }));
  });
}

TEST_CASE("an app that is destroyed in mid-flight takes its connections along") {
  for (std::uint64_t seed = 1; seed <= test::seeds(50); ++seed) {
    SimLoop sim({.seed = seed, .maxChunk = 50, .delays = 400});
    std::vector<WebSocket> clients;
    int closes = 0;
    {
      App app;
      app.ws("/", [](WebSocket ws) { ws.send(std::string(10'000, 'x')); });
      app.get("/", [](Request&, Response& res) { res.write("part"); });
      const std::string url = urlOf(app.listen(0, "127.0.0.1"));
      for (int i = 0; i < 5; ++i) {
        clients.emplace_back(url);
        clients.back().onclose([&] { ++closes; });
      }
      for (std::uint64_t i = 0; i < seed; ++i) sim.loop.turn(sim.loop.now());
    }
    CHECK(turnUntil(sim.loop, [&] { return closes == 5; }));
  }
}

TEST_CASE("what is published while the app goes, goes nowhere") {
  net::Loop loop("epoll");
  {
    App app;
    app.ws("/", [](WebSocket ws) { ws.subscribe("t"); });
    app.listen(0, "127.0.0.1");
    std::thread([&app] { app.publish("t", "too late"); }).join();
  }
  loop.turn(loop.now());
}

TEST_CASE("other threads may publish while the app begins to listen, and ends") {
  net::Loop loop("epoll");
  App app({.threads = 4});
  std::atomic<bool> stop{false};
  std::thread publisher([&] {
    while (!stop) app.publish("t", "x");
  });
  app.listen(0, "127.0.0.1");
  for (int i = 0; i < 20; ++i) loop.turn(loop.now());
  bool closed = false;
  app.close(std::chrono::seconds(1), [&] { closed = true; });
  CHECK(turnUntil(
      loop, [&] { return closed; }, 1'000'000));
  stop = true;
  publisher.join();
}

TEST_CASE("an app may outlive its loop, as one in a static object does") {
  auto loop = std::make_unique<net::Loop>("epoll");
  App app({.threads = 2});
  app.ws("/", [](WebSocket ws) { ws.subscribe("t"); });
  const WebSocket ws(urlOf(app.listen(0, "127.0.0.1")));
  REQUIRE(turnUntil(
      *loop, [&] { return app.clients().size() == 1; }, 1'000'000));
  loop.reset();
  CHECK(app.clients().empty());
  app.publish("t", "to nobody");
  app.close();
  CHECK(ws.readyState() == ReadyState::Closed);
}

TEST_CASE("a log that throws takes nothing down") {
  overEachBackend([](net::Loop& loop) {
    App app;
    app.onerror([](const Error&) { throw std::runtime_error("the log is full"); });
    int closes = 0;
    app.ws("/", {.message = [](WebSocket, const Message&) { throw 1; },
                 .close = [&](WebSocket, const CloseEvent&) { ++closes; }});
    app.get("/", [](Request&, Response&) {});
    const Address address = app.listen(0, "127.0.0.1");
    RawClient unmasked(loop, address);
    RawClient throwing(loop, address);
    RawClient unanswered(loop, address);
    unmasked.send(test::upgradeRequest() + std::string("\x81\x01x", 3));
    throwing.send(test::upgradeRequest() + test::clientFrame(0x81, "x"));
    unanswered.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    REQUIRE(turnUntil(loop, [&] {
      return unmasked.over() && throwing.over() && unanswered.received.find("\r\n\r\n") != std::string::npos;
    }));
    CHECK(unmasked.received.find("\x03\xea") != std::string::npos);
    CHECK(throwing.received.find("\x03\xf3") != std::string::npos);
    CHECK(unanswered.received.starts_with("HTTP/1.1 500 "));
    unmasked.close();
    throwing.close();
    CHECK(turnUntil(loop, [&] { return closes == 2; }));
  });
}

TEST_CASE("what a timer throws on a thread of the app goes to the log, and the thread lives on") {
  net::Loop loop("epoll");
  App app({.threads = 2});
  std::atomic<int> reports{0};
  app.onerror([&](const Error&) { ++reports; });
  CHECK_NOTHROW(app.listen(0, "127.0.0.1"));
  CHECK_THROWS_AS(app.onerror(nullptr), std::logic_error);
  app.ws("/", [](WebSocket) {});
  App other({.threads = 2});
  std::atomic<int> opened{0};
  other.onerror([&](const Error&) { ++reports; });
  other.ws("/", [&](WebSocket ws) {
    ++opened;
    // Every second connection is on the other thread; on this one the exception would come out of run.
    if (opened == 2) setTimeout([] { throw std::runtime_error("from a timer"); }, Milliseconds(1));
    if (opened == 4) ws.send("alive");
  });
  const std::string url = urlOf(other.listen(0, "127.0.0.1"));
  std::string received;
  for (int i = 1; i <= 4; ++i) {
    WebSocket ws(url);
    ws.onmessage([&](const Message& message) { received = message.text(); });
    REQUIRE(turnUntil(
        loop, [&] { return opened == i; }, 1'000'000));
    if (i == 2)
      REQUIRE(turnUntil(
          loop, [&] { return reports == 1; }, 1'000'000));
  }
  CHECK(turnUntil(
      loop, [&] { return received == "alive"; }, 1'000'000));
}

TEST_CASE("any thread may send, close, publish and ask, while the connection lives and dies") {
  net::Loop loop("epoll");
  App app({.threads = 3});
  std::atomic<int> closed{0};
  app.ws("/", {.open = [](WebSocket ws) { ws.subscribe("news"); },
               .message = [](WebSocket ws, const Message& message) { ws.send(message); },
               .close = [&](WebSocket, const CloseEvent&) { ++closed; }});
  const std::string url = urlOf(app.listen(0, "127.0.0.1"));
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&app, &stop, t] {
      std::mt19937 random(static_cast<unsigned>(t));
      while (!stop) {
        for (const WebSocket& ws : app.clients()) {
          switch (random() % 6) {
            case 0:
              ws.send("from another thread");
              break;
            case 1:
              ws.ping("ping");
              break;
            case 2:
              ws.subscribe("more");
              break;
            case 3:
              app.publish("news", "to all");
              break;
            case 4:
              (void)ws.readyState();
              break;
            default:
              if (random() % 8 == 0) ws.close(4000, "enough");
              if (random() % 8 == 0) ws.terminate();
          }
        }
        std::this_thread::yield();
      }
    });
  }
  constexpr int connections = 300;
  int opened = 0;
  int ended = 0;
  const auto open = [&](const auto& again) -> void {
    if (opened == connections) return;
    ++opened;
    WebSocket ws(url);
    ws.onopen([ws] { ws.send("hello"); });
    ws.onmessage([ws](const Message& message) {
      if (message.text().size() < 100) ws.send("again");
    });
    ws.onclose([&, again] {
      ++ended;
      again(again);
    });
  };
  for (int i = 0; i < 20; ++i) open(open);
  CHECK(turnUntil(
      loop, [&] { return ended == connections; }, 10'000'000));
  stop = true;
  for (std::thread& thread : threads) thread.join();
  CHECK(turnUntil(
      loop, [&] { return closed == connections; }, 1'000'000));
}

TEST_CASE("10,000 connections opened and cut at random moments") {
  constexpr int total = 10'000;
  net::Loop loop("epoll");
  App app({.threads = 2});
  std::atomic<int> served{0};
  app.onerror([](const Error&) {});
  app.ws("/", {.open =
                   [&](WebSocket ws) {
                     ++served;
                     ws.subscribe("all");
                     ws.send("Hello");
                   },
               .message = [&](WebSocket ws, const Message& message) { ws.publish("all", message.text()); }});
  app.get("/", [](Request&, Response& res) { res.send("plain"); });
  const Address address = app.listen(0, "127.0.0.1");

  std::mt19937 random(11);
  const std::string request = test::upgradeRequest();
  const std::string script = request + test::clientFrame(0x81, "to all") + test::clientFrame(0x01, "a ") +
                             test::clientFrame(0x89, "ping") + test::clientFrame(0x80, "fragment") +
                             test::clientFrame(0x88, std::string("\x03\xe8", 2));
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < total; ++i) {
    clients.push_back(std::make_unique<RawClient>(loop, address));
    clients.back()->send(std::string_view(script).substr(0, random() % (script.size() + 1)));
    if (random() % 4 == 0) clients.back()->shutdown();
    loop.turn(loop.now());
    while (clients.size() > 40) {
      const std::size_t victim = random() % clients.size();
      clients[victim]->close(random() % 2 == 0);
      std::swap(clients[victim], clients.back());
      clients.pop_back();
    }
  }
  clients.clear();
  bool closed = false;
  app.close(std::chrono::seconds(1), [&] { closed = true; });
  CHECK(turnUntil(
      loop, [&] { return closed; }, 1'000'000));
  CHECK(served > total / 20);
  CHECK(app.clients().empty());
}
