// What else holds while messages wait for a slow peer: control frames, ends, drain, memory.
#include <doctest/doctest.h>
#include <malloc.h>

#include <string>
#include <vector>

#include <duplex/duplex.h>

#include "support/loops.h"
#include "support/slow_peer.h"

using namespace duplex;
using namespace duplex::test;

TEST_CASE("control frames go past what waits") {
  overEachBackend([](net::Loop& loop) {
    Peer peer(loop, {.slowPeer = SlowPeer::DropOld});
    // More than any kernel takes.
    peer.server.send(std::string(12'000'000, 'x'));
    for (int i = 0; i < 100; ++i) peer.server.send(numbered(i, 1000));
    peer.raw->send(clientFrame(0x89, "is anybody there"));
    peer.server.ping("and you");
    for (int i = 0; i < 100; ++i) loop.turn(loop.now());
    const std::size_t before = peer.raw->received.size();
    peer.raw->resume();
    const std::size_t all = 12'000'010 + 100 * 1004 + (2 + 16) + (2 + 7);
    REQUIRE(turnUntil(loop, [&] { return peer.raw->received.size() == before + all; }));
    const auto frames = framesIn(peer.raw->received);
    REQUIRE(frames.size() == 103);
    CHECK(frames[1].first == 0x89);
    CHECK(frames[1].payload == "and you");
    CHECK(frames[2].first == 0x8A);
    CHECK(frames[2].payload == "is anybody there");
    CHECK(numberOf(frames[3].payload) == 0);
    CHECK(turnUntil(loop, [&] { return peer.drains == 1; }));
  });
}

TEST_CASE("a peer that pings and does not read is ended when the pongs alone reach the limit") {
  overEachBackend([](net::Loop& loop) {
    for (const SlowPeer policy : {SlowPeer::Close, SlowPeer::DropOld}) {
      Peer peer(loop, {.maxBufferedAmount = 5000, .slowPeer = policy});
      // One message may be larger than the limit; pings that come meanwhile are no reason to end.
      peer.server.send(std::string(12'000'000, 'x'));
      std::string pings;
      for (int i = 0; i < 10; ++i) pings += clientFrame(0x89, std::string(120, 'p'));
      peer.raw->send(pings);
      for (int i = 0; i < 50; ++i) loop.turn(loop.now());
      CHECK(peer.server.readyState() == ReadyState::Open);
      peer.server.terminate();
      Peer silent(loop, {.maxBufferedAmount = 5000, .slowPeer = policy});
      for (int i = 0; i < 100; ++i) silent.server.ping(std::string(120, 'p'));
      CHECK(silent.server.readyState() == ReadyState::Closing);
      silent.raw->resume();
      REQUIRE(turnUntil(loop, [&] { return silent.raw->over(); }));
      silent.raw->close();
      CHECK(turnUntil(loop, [&] { return silent.failure == Errc::BufferFull; }));
    }
  });
}

TEST_CASE("a closing handshake sends what waits first") {
  overEachBackend([](net::Loop& loop) {
    for (const SlowPeer policy : policies) {
      for (const bool fromPeer : {false, true}) {
        Peer peer(loop, {.slowPeer = policy});
        peer.fill();
        for (int i = 0; i < 100; ++i) peer.server.send(numbered(i, 1000));
        if (fromPeer) {
          peer.raw->send(clientFrame(0x88, "\x03\xe8"));
        } else {
          peer.server.close(1000);
          CHECK(peer.server.bufferedAmount() == 70'000 + 100 * 1000);
          peer.server.send("too late");
        }
        peer.raw->resume();
        REQUIRE(turnUntil(loop, [&] { return peer.payloads(0x88).size() == 1; }));
        CHECK(numbersOf(peer.payloads()) == range(-1, 100));
        CHECK(framesIn(peer.raw->received).back().payload == "\x03\xe8");
        CHECK(peer.server.dropped() == 0);
      }
    }
  });
}

TEST_CASE("a peer that ends without a Close still gets what waits") {
  overEachBackend([](net::Loop& loop) {
    Peer peer(loop, {.slowPeer = SlowPeer::DropOld});
    peer.fill();
    for (int i = 0; i < 100; ++i) peer.server.send(numbered(i, 1000));
    peer.raw->shutdown();
    peer.raw->resume();
    REQUIRE(
        turnUntil(loop, [&] { return peer.raw->over() && peer.server.readyState() == ReadyState::Closed; }));
    CHECK(numbersOf(peer.payloads()) == range(-1, 100));
  });
}

TEST_CASE("what waits is lost with the connection, and stays counted") {
  overEachBackend([](net::Loop& loop) {
    for (const SlowPeer policy : policies) {
      Peer peer(loop, {.slowPeer = policy});
      peer.fill();
      for (int i = 0; i < 10; ++i) peer.server.send(numbered(i, 1000));
      peer.server.terminate();
      CHECK(peer.server.bufferedAmount() == 80'000);
      REQUIRE(
          turnUntil(loop, [&] { return peer.server.readyState() == ReadyState::Closed && peer.lost != 0; }));
      CHECK(peer.lost == 80'000);
    }
  });
}

TEST_CASE("an app may go while messages wait") {
  overEachBackend([](net::Loop& loop) {
    for (const SlowPeer policy : policies) {
      Peer peer(loop, {.slowPeer = policy});
      peer.fill();
      peer.app.publish("t", std::string(10'000, 'x'));
      if (policy != SlowPeer::DropNew) loop.turn(loop.now());
    }
  });
}

TEST_CASE("a subscriber that leaves gets what was published before") {
  overEachBackend([](net::Loop& loop) {
    for (const SlowPeer policy : policies) {
      Peer peer(loop, {.slowPeer = policy});
      Peer other(loop, {.slowPeer = policy});
      peer.fill();
      peer.app.publish("t", "1");
      peer.server.unsubscribe("t");
      peer.app.publish("t", "2");
      peer.server.send("3");
      CHECK(numbersOf(peer.readAll()) == std::vector<int>{-1, 1, 3});
    }
  });
}

TEST_CASE("drain comes once, when nothing waits any more") {
  overEachBackend([](net::Loop& loop) {
    App app;
    int drains = 0;
    std::uint64_t dropped = 0;
    WebSocket server;
    app.ws("/", {.open = [&](WebSocket ws) { server = ws; },
                 .drain =
                     [&](WebSocket ws) {
                       ++drains;
                       CHECK(ws.bufferedAmount() == 0);
                       dropped = ws.dropped();
                       ws.send("here is the state");
                     },
                 .limits = {.maxBufferedAmount = 300'000, .slowPeer = SlowPeer::DropNew}});
    std::vector<std::string> received;
    WebSocket ws("ws://" + app.listen(0, "127.0.0.1").string());
    ws.onmessage([&](const Message& message) { received.emplace_back(message.text()); });
    REQUIRE(turnUntil(loop, [&] { return server.readyState() == ReadyState::Open; }));
    // A peer that reads is no slow peer: all that has been accepted arrives.
    for (int i = 0; i < 400; ++i) server.send(numbered(i, 1000));
    REQUIRE(turnUntil(loop, [&] { return !received.empty() && received.back() == "here is the state"; }));
    CHECK(drains == 1);
    CHECK(dropped > 0);
    CHECK(received.size() == 401 - dropped);
    received.pop_back();
    CHECK(numbersOf(received) == range(0, 400 - static_cast<int>(dropped)));
  });
}

TEST_CASE("a client has the policies too, and its frames are masked") {
  overEachBackend([](net::Loop& loop) {
    for (const SlowPeer policy : policies) {
      App app;
      std::vector<std::string> received;
      app.ws("/",
             {.message = [&](WebSocket, const Message& message) { received.emplace_back(message.text()); }});
      WebSocket ws("ws://" + app.listen(0, "127.0.0.1").string(),
                   ClientOptions{.limits = {.maxBufferedAmount = 200'000, .slowPeer = policy}});
      ws.onopen([&] {
        ws.send(filler);
        for (int i = 0; i < 200; ++i) ws.send(numbered(i, 1000), {.key = std::to_string(i % 50)});
        ws.close(1000);
      });
      std::uint64_t dropped = 0;
      ws.onclose([&] { dropped = ws.dropped(); });
      REQUIRE(turnUntil(loop, [&] { return !ws && dropped != 0; }));
      CHECK(received.size() == 201 - dropped);
      const std::vector<int> got = numbersOf(received);
      if (policy == SlowPeer::DropNew) CHECK(got == range(-1, 200 - static_cast<int>(dropped)));
      if (policy == SlowPeer::DropOld) {
        CHECK(got == range(-1, 0) + range(static_cast<int>(dropped), 200));
      }
      if (policy == SlowPeer::KeepLatest) CHECK(got == range(-1, 0) + range(150, 200));
    }
  });
}

TEST_CASE("memory is given back after a drain") {
  net::Loop loop("epoll");
  const auto inUse = [] {
    const struct mallinfo2 info = mallinfo2();
    return static_cast<long long>(info.uordblks + info.hblkhd);
  };
  for (const SlowPeer policy : policies) {
    Peer peer(loop, {.maxBufferedAmount = 20'000'000, .slowPeer = policy});
    // Nothing of it in the kernel: it has no turn.
    const long long before = inUse();
    for (int i = 0; i < 15'000; ++i) peer.server.send(numbered(i, 1000));
    const long long waiting = inUse() - before;
    // A sanitizer's allocator tells nothing.
    if (before != 0) CHECK(waiting > 15'000'000);
    CHECK(waiting < 25'000'000);
    for (int i = 0; i < 50; ++i) loop.turn(loop.now());
    peer.raw->received.reserve(20'000'000);
    const long long reserved = inUse();
    REQUIRE(numbersOf(peer.readAll()) == range(0, 15'000));
    CHECK(inUse() - reserved < 1'000'000);
    CHECK(inUse() - before - static_cast<long long>(peer.raw->received.capacity()) < 1'000'000);
  }
}
