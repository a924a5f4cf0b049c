// Which messages a peer gets that reads too slowly, by the route's policy.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <duplex/duplex.h>

#include "support/loops.h"
#include "support/slow_peer.h"
#include "websocket/backlog.h"

using namespace duplex;
using namespace duplex::test;

using websocket::Backlog;

TEST_CASE("close: one byte below the limit of the queue, at it, and above it") {
  overEachBackend([](net::Loop& loop) {
    for (const int beside : {-1, 0, 1}) {
      Peer peer(loop,
                {.maxBufferedAmount = fillerFrame + 9 * 1004 + 1000 + static_cast<std::size_t>(beside)});
      peer.fill();
      for (int i = 0; i < 9; ++i) peer.server.send(numbered(i, 1000));
      CHECK(peer.server.readyState() == ReadyState::Open);
      peer.app.publish("t", numbered(9, 1000));
      CHECK((peer.server.readyState() == ReadyState::Open) == (beside >= 0));
      peer.server.send(numbered(10, 1000));
      CHECK(peer.server.readyState() == ReadyState::Closing);
      CHECK(peer.server.dropped() == 0);
      peer.raw->resume();
      REQUIRE(turnUntil(loop, [&] { return peer.raw->over(); }));
      CHECK(numbersOf(peer.payloads()) == range(-1, beside >= 0 ? 10 : 9));
      CHECK(peer.payloads(0x88).front().substr(0, 2) == "\x03\xf0");  // 1008
      peer.raw->close();
      CHECK(turnUntil(loop, [&] { return peer.failure == Errc::BufferFull; }));
    }
  });
}

TEST_CASE("a policy: one byte below the limit of the queue, at it, and above it") {
  overEachBackend([](net::Loop& loop) {
    // Sent and published ones by turns, ten of which wait; those published have a key, their topic.
    constexpr std::size_t sent = 1004 + Backlog::overhead;
    for (const SlowPeer policy : policies) {
      const bool latest = policy == SlowPeer::KeepLatest;
      const std::size_t published = sent + (latest ? 1 : 0);
      for (const int beside : {-1, 0, 1}) {
        CAPTURE(static_cast<int>(policy));
        CAPTURE(beside);
        Peer peer(loop, {.maxBufferedAmount =
                             fillerFrame + 5 * (sent + published) + static_cast<std::size_t>(beside),
                         .slowPeer = policy});
        peer.fill();
        const auto send = [&](int number) {
          if (number % 2 == 0) {
            peer.server.send(numbered(number, 1000));
          } else {
            peer.app.publish("t", numbered(number, 1000),
                             {.key = std::string(1, static_cast<char>('a' + number))});
          }
        };
        for (int i = 0; i < 9; ++i) send(i);
        CHECK(peer.server.dropped() == 0);
        CHECK(peer.server.bufferedAmount() == 70'000 + 9 * 1000);
        send(9);
        CHECK(peer.server.dropped() == (beside < 0 ? 1 : 0));
        send(10);
        CHECK(peer.server.dropped() == (beside < 0 ? 2 : 1));
        CHECK(peer.server.bufferedAmount() == 70'000 + (beside < 0 ? 9 : 10) * 1000);
        // Whole messages, and nothing else is amiss.
        const std::vector<int> got = numbersOf(peer.readAll());
        if (policy == SlowPeer::DropNew) {
          CHECK(got == range(-1, beside < 0 ? 9 : 10));
        } else {
          CHECK(got == range(-1, 0) + range(beside < 0 ? 2 : 1, 11));
        }
        CHECK(peer.server.readyState() == ReadyState::Open);
        CHECK(peer.server.bufferedAmount() == 0);
      }
    }
  });
}

TEST_CASE("a message above the limit goes to a peer that is up to date, and to no other") {
  overEachBackend([](net::Loop& loop) {
    for (const SlowPeer policy : policies) {
      Peer peer(loop, {.maxBufferedAmount = 50'000, .slowPeer = policy});
      peer.app.publish("t", numbered(0, 100'000));
      peer.server.send(numbered(1, 100'000));
      peer.server.send(numbered(2, 10));
      CHECK(peer.server.dropped() == 2);
      CHECK(numbersOf(peer.readAll()) == range(0, 1));
      peer.drains = 0;
      peer.app.publish("t", numbered(3, 20'000));
      peer.server.send(numbered(4, 100'000));
      CHECK(peer.server.dropped() == 3);
      peer.raw->received.erase(peer.raw->received.find("\r\n\r\n") + 4);
      CHECK(numbersOf(peer.readAll()) == range(3, 4));
    }
  });
}

TEST_CASE("a peer that does not read, and then does, over real sockets too") {
  overEachBackend([](net::Loop& loop) {
    constexpr std::size_t limit = 1'000'000;
    constexpr std::size_t size = 50'000;
    for (const SlowPeer policy : policies) {
      CAPTURE(static_cast<int>(policy));
      Peer peer(loop, {.maxBufferedAmount = limit, .slowPeer = policy});
      int sent = 0;
      std::size_t most = 0;
      // Until more than the limit has been dropped: kernels take as much as they like before.
      while (peer.server.dropped() < 40) {
        const std::string text = numbered(sent, size);
        const std::string key = std::to_string(sent % 10);
        if (sent % 3 == 0) {
          peer.app.publish("t", text, {.key = key});
        } else {
          peer.server.send(text, {.key = key});
        }
        ++sent;
        most = std::max(most, peer.server.bufferedAmount());
        loop.turn(loop.now());
        REQUIRE(sent < 10'000);
      }
      CHECK(most <= limit);
      CHECK(peer.server.readyState() == ReadyState::Open);
      const int dropped = static_cast<int>(peer.server.dropped());
      const int reached = sent - dropped;
      const std::vector<int> got = numbersOf(peer.readAll());
      REQUIRE(static_cast<int>(got.size()) == reached);
      // What the kernel and the socket's queue had taken, then what was left of the rest.
      int taken = 0;
      while (taken < reached && got[static_cast<std::size_t>(taken)] == taken) ++taken;
      CAPTURE(taken);
      if (policy == SlowPeer::DropNew) {
        CHECK(taken == reached);
      } else if (policy == SlowPeer::DropOld) {
        CHECK(got == range(0, taken) + range(sent - (reached - taken), sent));
        CHECK(reached - taken >= 15);
      } else {
        // The latest of each key, in the order in which the keys began to wait.
        CHECK(reached - taken == 10);
        for (int i = 0; i < 10; ++i) {
          const int number = got[static_cast<std::size_t>(taken + i)];
          CHECK(number >= sent - 10);
          CHECK(number % 10 == (taken + i) % 10);
        }
      }
    }
  });
}

TEST_CASE("a peer that reads in fits and starts gets an orderly choice, and each is counted") {
  std::mt19937 random(3);
  for (const SlowPeer policy : policies) {
    for (std::uint64_t seed = 1; seed <= test::seeds(12); ++seed) {
      CAPTURE(static_cast<int>(policy));
      CAPTURE(seed);
      SimLoop sim({.seed = seed, .maxChunk = 1 + seed * 700, .capacity = 2000 * seed, .delays = 300});
      Peer peer(sim.loop, {.maxBufferedAmount = 60'000, .slowPeer = policy});
      std::map<int, int> latest;
      int sent = 0;
      for (int round = 0; round < 400; ++round) {
        for (auto burst = random() % 12; burst > 0; --burst, ++sent) {
          const std::string text = numbered(sent, 10 + random() % 3000);
          // So few keys that the latest of all of them fit.
          const int key = static_cast<int>(random() % 8);
          latest[key] = sent;
          if (random() % 2 == 0) {
            peer.app.publish("t", text, {.key = std::to_string(key)});
          } else {
            peer.server.send(text, {.key = std::to_string(key)});
          }
        }
        // A message of which a part has gone counts whole.
        REQUIRE(peer.server.bufferedAmount() <= 60'000 + 3000);
        random() % 3 == 0 ? peer.raw->resume() : peer.raw->pause();
        sim.loop.turn(sim.loop.now());
      }
      REQUIRE(peer.server.readyState() == ReadyState::Open);
      peer.drains = 0;
      peer.server.send(numbered(sent++, 10));
      const std::vector<int> got = numbersOf(peer.readAll());
      CHECK(static_cast<std::uint64_t>(sent) == got.size() + peer.server.dropped());
      CHECK(peer.server.dropped() > 0);
      if (policy == SlowPeer::KeepLatest) {
        for (const auto& [key, number] : latest) {
          CHECK(std::find(got.begin(), got.end(), number) != got.end());
        }
      } else {
        CHECK(std::is_sorted(got.begin(), got.end()));
      }
    }
  }
}

TEST_CASE("keep latest: a topic is the key of what is published on it, unless another is given") {
  overEachBackend([](net::Loop& loop) {
    Peer peer(loop, {.slowPeer = SlowPeer::KeepLatest});
    peer.server.subscribe("u");
    peer.fill();
    peer.app.publish("t", "1");
    peer.server.send("2");
    peer.app.publish("u", "3");
    peer.app.publish("t", "4", {.key = "other"});
    peer.server.send("5");
    peer.app.publish("t", "6");
    peer.server.send("7", {.key = "u"});
    peer.server.send("8", {.key = "other"});
    CHECK(peer.server.dropped() == 3);
    CHECK(numbersOf(peer.readAll()) == std::vector<int>{-1, 6, 2, 7, 8, 5});
  });
}

TEST_CASE("keys come along from other threads") {
  overEachBackend([](net::Loop& loop) {
    Peer peer(loop, {.slowPeer = SlowPeer::KeepLatest});
    peer.fill();
    // Handled in the next turn, before the queue is sent.
    std::thread([&] {
      const std::string key = "a key that is too long to lie in a string itself";
      peer.app.publish("t", "0");
      peer.app.publish("t", "1");
      peer.app.publish("t", "2", {.key = key});
      peer.server.send("3", {.key = key});
      peer.server.send(std::vector<std::uint8_t>{'4'}, {.key = key});
    }).join();
    loop.turn(loop.now());
    CHECK(peer.server.dropped() == 3);
    CHECK(numbersOf(peer.readAll()) == std::vector<int>{-1, 1});
    CHECK(peer.payloads(0x82) == std::vector<std::string>{"4"});
  });
}

TEST_CASE("a socket publishes with keys as the app does") {
  overEachBackend([](net::Loop& loop) {
    App app;
    std::vector<WebSocket> servers;
    app.ws("/", {.open =
                     [&](WebSocket ws) {
                       ws.subscribe("t");
                       servers.push_back(ws);
                     },
                 .limits = {.slowPeer = SlowPeer::KeepLatest}});
    const std::string url = "ws://" + app.listen(0, "127.0.0.1").string();
    std::string received;
    const WebSocket clients[] = {WebSocket(url), WebSocket(url)};
    for (const WebSocket& client : clients) {
      client.onmessage([&](const Message& message) {
        if (message.size() < 10) received += message.text();
      });
    }
    REQUIRE(turnUntil(loop, [&] {
      return servers.size() == 2 && clients[0].readyState() == ReadyState::Open &&
             clients[1].readyState() == ReadyState::Open;
    }));
    servers[0].publish("t", filler);
    for (const char* text : {"1", "2"}) servers[0].publish("t", text);
    for (const char* text : {"3", "4"}) servers[0].publish("t", text, {.key = "k"});
    servers[0].publish("t", std::vector<std::uint8_t>{'5'}, {.key = "k"});
    CHECK(servers[0].dropped() == 0);
    CHECK(servers[1].dropped() == 3);
    REQUIRE(turnUntil(loop, [&] { return received.size() == 2; }));
    CHECK(received == "25");
  });
}
