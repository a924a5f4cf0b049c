// Topics: who gets what is published, on one loop and on many.
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <duplex/duplex.h>

#include "support/loops.h"

using namespace duplex;
using test::overEachBackend;
using test::turnUntil;

TEST_CASE("a publication reaches the subscribers of its topic, and a socket's own all but itself") {
  overEachBackend([](net::Loop& loop) {
    App app;
    app.ws("/:topic", {.open = [](WebSocket ws, const Request& req) { ws.subscribe(req.params("topic")); },
                       .message =
                           [](WebSocket ws, const Message& message) {
                             CHECK(ws.isSubscribed("a"));
                             ws.publish("a", message.text());
                           }});
    const std::string url = "ws://" + app.listen(0, "127.0.0.1").string();
    std::vector<WebSocket> clients;
    std::vector<std::string> received(3);
    for (const char* topic : {"/a", "/a", "/b"}) {
      const std::size_t i = clients.size();
      clients.emplace_back(url + topic);
      clients.back().onmessage([&received, i](const Message& message) {
        received[i] +=
            message.isText() ? std::string(message.text()) : "[" + std::to_string(message.size()) + "]";
      });
    }
    REQUIRE(turnUntil(loop, [&] { return app.clients().size() == 3; }));
    app.publish("a", "1");
    app.publish("b", std::vector<std::uint8_t>(5));
    app.publish("nobody", "x");
    REQUIRE(
        turnUntil(loop, [&] { return received[0] == "1" && received[1] == "1" && received[2] == "[5]"; }));
    clients[0].send("2");
    REQUIRE(turnUntil(loop, [&] { return received[1] == "12"; }));
    app.publish("a", "3");
    REQUIRE(turnUntil(loop, [&] { return received[0] == "13" && received[1] == "123"; }));
  });
}

TEST_CASE("what is published is in the order of sends, and not for those who left") {
  overEachBackend([](net::Loop& loop) {
    App app;
    std::vector<WebSocket> servers;
    app.ws("/", [&](WebSocket ws) {
      ws.subscribe("t");
      servers.push_back(ws);
    });
    const std::string url = "ws://" + app.listen(0, "127.0.0.1").string();
    std::string received;
    WebSocket ws(url);
    ws.onmessage([&](const Message& message) { received += message.text(); });
    REQUIRE(turnUntil(loop, [&] { return servers.size() == 1 && ws.readyState() == ReadyState::Open; }));
    servers[0].send("a");
    app.publish("t", "b");
    servers[0].send("c");
    servers[0].unsubscribe("t");
    app.publish("t", "x");
    servers[0].send("d");
    REQUIRE(turnUntil(loop, [&] { return received.size() == 4; }));
    CHECK(received == "abcd");
    servers[0].subscribe("t");
    servers[0].close();
    app.publish("t", "x");
    CHECK(turnUntil(loop, [&] { return app.clients().empty() && ws.readyState() == ReadyState::Closed; }));
    CHECK(received == "abcd");
  });
}

TEST_CASE("clients are those of a route, or all") {
  overEachBackend([](net::Loop& loop) {
    App app;
    app.ws("/a", [](WebSocket) {});
    app.ws("/b/:id", [](WebSocket) {});
    const std::string url = "ws://" + app.listen(0, "127.0.0.1").string();
    CHECK(app.clients().empty());
    const WebSocket one(url + "/a");
    const WebSocket two(url + "/b/1");
    const WebSocket three(url + "/b/2");
    REQUIRE(turnUntil(loop, [&] { return app.clients().size() == 3; }));
    CHECK(app.clients("/a").size() == 1);
    CHECK(app.clients("/b/:id").size() == 2);
    CHECK(app.clients("/c").empty());
    three.terminate();
    CHECK(turnUntil(loop, [&] { return app.clients().size() == 2; }));
  });
}

TEST_CASE("one topic space over all loops, from any thread") {
  net::Loop loop("epoll");
  App app({.threads = 4});
  std::atomic<int> opened{0};
  app.ws("/", {.open =
                   [&](WebSocket ws) {
                     ws.subscribe("all");
                     ++opened;
                   },
               .message = [](WebSocket ws, const Message& message) { ws.publish("all", message.text()); }});
  const std::string url = "ws://" + app.listen(0, "127.0.0.1").string();
  constexpr int count = 12;
  std::vector<WebSocket> clients;
  std::vector<int> received(count);
  for (int i = 0; i < count; ++i) {
    clients.emplace_back(url);
    clients.back().onmessage([&received, i] { ++received[static_cast<std::size_t>(i)]; });
  }
  REQUIRE(turnUntil(
      loop, [&] { return opened == count; }, 1'000'000));
  const auto all = [&](int expected) {
    return turnUntil(
        loop,
        [&] { return std::all_of(received.begin(), received.end(), [&](int n) { return n == expected; }); },
        1'000'000);
  };
  app.publish("all", "from the main thread");
  CHECK(all(1));
  std::thread other([&app] { app.publish("all", "from a thread without a loop"); });
  other.join();
  CHECK(all(2));
  REQUIRE(turnUntil(
      loop, [&] { return clients[5].readyState() == ReadyState::Open; }, 1'000'000));
  clients[5].send("from a client");
  CHECK(turnUntil(
      loop,
      [&] {
        int sum = 0;
        for (const int n : received) sum += n;
        return sum == 2 * count + count - 1;
      },
      1'000'000));
  CHECK(received[5] == 2);
  CHECK(app.clients().size() == count);
}

TEST_CASE("wildcards: what matches arrives once, and not at the one who published it") {
  overEachBackend([](net::Loop& loop) {
    App app({.topicWildcards = true});
    // The topics stand in the query: ?a.*&>
    app.ws("/", {.open =
                     [](WebSocket ws, const Request& req) {
                       for (const Field& topic : req.query()) ws.subscribe(topic.name);
                     },
                 .message = [](WebSocket ws, const Message& message) { ws.publish("a.b", message); }});
    const std::string url = "ws://" + app.listen(0, "127.0.0.1").string() + "/?";
    const std::string topics[] = {"a.b", "a.*", "a.b&a.*&*.b&a.%3E&%3E", "a.b.*"};
    std::vector<WebSocket> clients;
    std::vector<std::string> received(std::size(topics));
    for (std::size_t i = 0; i < std::size(topics); ++i) {
      clients.emplace_back(url + topics[i]);
      clients.back().onmessage([&received, i](const Message& message) { received[i] += message.text(); });
    }
    REQUIRE(turnUntil(loop, [&] { return app.clients().size() == std::size(topics); }));
    app.publish("a.b", "1");
    app.publish("a.c", "2");
    app.publish("a", "3");
    app.publish("b.b.c", "4");
    app.publish("a.b.c", "5");
    REQUIRE(turnUntil(loop, [&] { return received == std::vector<std::string>{"1", "12", "12345", "5"}; }));
    clients[2].send("6");
    REQUIRE(turnUntil(loop, [&] { return received == std::vector<std::string>{"16", "126", "12345", "5"}; }));
  });
}

TEST_CASE("wildcards are told apart from topics only where the app has them") {
  overEachBackend([](net::Loop& loop) {
    for (const bool wildcards : {false, true}) {
      App app({.topicWildcards = wildcards});
      WebSocket server;
      app.ws("/", [&](WebSocket ws) { server = ws; });
      std::string received;
      WebSocket ws("ws://" + app.listen(0, "127.0.0.1").string());
      ws.onmessage([&](const Message& message) { received += message.text(); });
      REQUIRE(turnUntil(loop, [&] {
        return server && server.readyState() == ReadyState::Open && ws.readyState() == ReadyState::Open;
      }));
      if (wildcards) {
        CHECK_THROWS_AS(server.subscribe("a..b"), SyntaxError);
        CHECK_THROWS_AS(server.subscribe("a.>.b"), SyntaxError);
        CHECK_THROWS_AS(server.publish("a.*", "x"), SyntaxError);
        CHECK_THROWS_AS(server.publish("", std::vector<std::uint8_t>(1)), SyntaxError);
        CHECK_THROWS_AS(app.publish("a.>", "x"), SyntaxError);
        CHECK_FALSE(server.isSubscribed("a..b"));
        server.unsubscribe("a..b");
        // Any thread hears of it, as on the connection's own.
        std::thread([&] { CHECK_THROWS_AS(server.subscribe(">.>"), SyntaxError); }).join();
        std::thread([&] { CHECK_THROWS_AS(app.publish("*", "x"), SyntaxError); }).join();
        CHECK(server.readyState() == ReadyState::Open);
      } else {
        for (const char* topic : {"a..b", "a.*", ""}) {
          server.subscribe(topic);
          CHECK(server.isSubscribed(topic));
          app.publish(topic, "x");
        }
        app.publish("a.b", "y");
        app.publish("a.*", "z");
        REQUIRE(turnUntil(loop, [&] { return received == "xxxz"; }));
      }
      // Who is gone subscribes to nothing, and no topic is wrong for that.
      server.terminate();
      REQUIRE(turnUntil(loop, [&] { return !server && !ws; }));
      CHECK_NOTHROW(server.subscribe("a..b"));
      CHECK_NOTHROW(ws.publish("a.*", "x"));
    }
  });
}

TEST_CASE("wildcards on every loop") {
  net::Loop loop("epoll");
  App app({.threads = 3, .topicWildcards = true});
  std::atomic<int> opened{0};
  app.ws("/", [&](WebSocket ws) {
    ws.subscribe("all.*");
    ++opened;
  });
  const std::string url = "ws://" + app.listen(0, "127.0.0.1").string();
  int received = 0;
  std::vector<WebSocket> clients;
  for (int i = 0; i < 6; ++i) {
    clients.emplace_back(url);
    clients.back().onmessage([&received] { ++received; });
  }
  REQUIRE(turnUntil(
      loop, [&] { return opened == 6; }, 1'000'000));
  app.publish("all", "to nobody");
  app.publish("all.here", "to all");
  CHECK(turnUntil(
      loop, [&] { return received == 6; }, 1'000'000));
}

TEST_CASE("what is sent after a publication arrives after it, however large") {
  overEachBackend([](net::Loop& loop) {
    App app;
    WebSocket server;
    app.ws("/", [&](WebSocket ws) {
      ws.subscribe("t");
      server = ws;
    });
    std::string received;
    WebSocket ws("ws://" + app.listen(0, "127.0.0.1").string());
    ws.onmessage([&](const Message& message) { received += message.text().front(); });
    REQUIRE(turnUntil(loop, [&] { return server && ws.readyState() == ReadyState::Open; }));
    std::string expected;
    for (int round = 0; round < 10; ++round) {
      app.publish("t", "a publication");
      // It is on its way by now, or still waits for the kernel.
      if (round % 2 == 0) loop.turn(loop.now());
      server.send("b" + std::string(10'000, 'b'));
      expected += "ab";
    }
    REQUIRE(turnUntil(loop, [&] { return received.size() == expected.size(); }));
    CHECK(received == expected);
  });
}
