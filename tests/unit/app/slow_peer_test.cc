// Peers that read slowly, or not at all, or say nothing: queues, limits and deadlines.
#include <doctest/doctest.h>

#include <string>

#include <duplex/duplex.h>

#include "support/loops.h"
#include "support/raw_client.h"

using namespace duplex;
using test::overEachBackend;
using test::RawClient;
using test::turnUntil;

namespace {

std::string urlOf(const Address& address) {
  return "ws://" + address.string() + "/";
}

}  // namespace

TEST_CASE("a slow peer: bufferedAmount grows, drain comes when all is gone, the limit ends it with 1008") {
  overEachBackend([](net::Loop& loop) {
    App app;
    WebSocket server;
    bool drained = false;
    bool failed = false;
    app.ws("/", {.open = [&](WebSocket ws) { server = ws; },
                 .drain = [&](WebSocket ws) { drained = ws.bufferedAmount() == 0; },
                 .error = [&](WebSocket, const Error& error) { failed = error.code == Errc::BufferFull; },
                 .limits = {.maxBufferedAmount = 40'000'000}});
    const Address address = app.listen(0, "127.0.0.1");
    RawClient slow(loop, address);
    slow.send(test::upgradeRequest());
    REQUIRE(turnUntil(loop, [&] { return server.readyState() == ReadyState::Open; }));
    slow.pause();
    server.send(std::string(30'000'000, 'x'));
    for (int i = 0; i < 20; ++i) loop.turn(loop.now());
    CHECK(server.bufferedAmount() == 30'000'000);
    CHECK_FALSE(drained);
    slow.resume();
    REQUIRE(turnUntil(loop, [&] { return drained; }));

    slow.pause();
    // The kernel may have room for many of them.
    for (int i = 0; i < 200 && server.readyState() == ReadyState::Open; ++i)
      server.send(std::string(1'000'000, 'x'));
    REQUIRE(server.readyState() == ReadyState::Closing);
    slow.received.clear();
    slow.resume();
    REQUIRE(turnUntil(loop, [&] { return slow.over(); }));
    CHECK(slow.received.find("\x03\xf0") != std::string::npos);  // 1008
    slow.close();
    REQUIRE(turnUntil(loop, [&] { return failed; }));
  });
}

TEST_CASE("who sends up to a window and goes on in drain gets all out") {
  overEachBackend([](net::Loop& loop) {
    constexpr std::size_t total = 1'000'000;
    App app;
    std::size_t sent = 0;
    const auto more = [&](WebSocket ws) {
      while (sent < total && ws.bufferedAmount() <= 64 * 1024) {
        ws.send(std::string(10'000, 'x'));
        sent += 10'000;
      }
    };
    app.ws("/", {.open = more, .drain = more});
    std::size_t received = 0;
    WebSocket ws(urlOf(app.listen(0, "127.0.0.1")));
    ws.onmessage([&](const Message& message) { received += message.size(); });
    CHECK(turnUntil(loop, [&] { return received == total; }));
  });
}

TEST_CASE("a message above the limit of the queue goes to a peer that is up to date") {
  overEachBackend([](net::Loop& loop) {
    App app;
    app.ws("/", {.open = [](WebSocket ws) { ws.send(std::string(100'000, 'x')); },
                 .limits = {.maxBufferedAmount = 50'000}});
    std::size_t received = 0;
    WebSocket ws(urlOf(app.listen(0, "127.0.0.1")));
    ws.onmessage([&](const Message& message) { received += message.size(); });
    CHECK(turnUntil(loop, [&] { return received == 100'000; }));
    CHECK(ws.readyState() == ReadyState::Open);
  });
}

TEST_CASE("what is lost at the end stays counted") {
  overEachBackend([](net::Loop& loop) {
    App app;
    WebSocket server;
    std::size_t atClose = 0;
    app.ws("/", {.open = [&](WebSocket ws) { server = ws; },
                 .close = [&](WebSocket ws, const CloseEvent&) { atClose = ws.bufferedAmount(); }});
    const Address address = app.listen(0, "127.0.0.1");
    for (const bool reset : {false, true}) {
      RawClient slow(loop, address);
      slow.send(test::upgradeRequest());
      REQUIRE(turnUntil(loop, [&] { return server.readyState() == ReadyState::Open; }));
      slow.pause();
      server.send(std::string(12'000'000, 'x'));
      for (int i = 0; i < 5; ++i) loop.turn(loop.now());
      atClose = 0;
      if (reset) {
        slow.close(true);
      } else {
        server.terminate();
        CHECK(server.bufferedAmount() == 12'000'000);
      }
      REQUIRE(turnUntil(loop, [&] { return server.readyState() == ReadyState::Closed && atClose != 0; }));
      CHECK(atClose == 12'000'000);
      loop.turn(loop.now());
    }
  });
}

TEST_CASE("silence is answered with pings, and in the end with the end") {
  test::SimLoop sim;
  App app;
  int closes = 0;
  CloseEvent end;
  app.ws("/", {.close = [&](WebSocket, const CloseEvent& event) { ++closes, end = event; }});
  const Address address = app.listen(0, "127.0.0.1");
  RawClient silent(sim.loop, address);
  silent.send(test::upgradeRequest());
  WebSocket lively(urlOf(address));
  REQUIRE(turnUntil(sim.loop, [&] { return silent.received.ends_with("\r\n\r\n"); }));
  silent.received.clear();
  const TimePoint start = sim.loop.now();
  REQUIRE(turnUntil(
      sim.loop, [&] { return closes == 1; }, 100'000));
  CHECK(sim.loop.now() - start >= std::chrono::seconds(119));
  CHECK(sim.loop.now() - start <= std::chrono::seconds(125));
  CHECK(silent.received.substr(0, 6) == std::string("\x89\0\x89\0\x89\0", 6));
  CHECK(end.code == 1006);
  // A client that answers is left alone, however long it says nothing.
  CHECK(lively.readyState() == ReadyState::Open);
}

TEST_CASE("a peer that does not answer the Close is cut at the deadline") {
  test::SimLoop sim;
  App app;
  int closes = 0;
  app.ws("/", {.open = [](WebSocket ws) { ws.close(1000); },
               .close = [&](WebSocket, const CloseEvent&) { ++closes; }});
  RawClient mute(sim.loop, app.listen(0, "127.0.0.1"));
  mute.send(test::upgradeRequest());
  REQUIRE(turnUntil(sim.loop, [&] { return mute.received.find("\r\n\r\n") != std::string::npos; }));
  const TimePoint start = sim.loop.now();
  REQUIRE(turnUntil(
      sim.loop, [&] { return closes == 1; }, 100'000));
  CHECK(sim.loop.now() - start >= std::chrono::milliseconds(4900));
  CHECK(sim.loop.now() - start <= std::chrono::milliseconds(5100));
}

TEST_CASE("a peer that reads slowly is not cut while it reads") {
  test::SimLoop sim({.maxChunk = 1000, .capacity = 5000});
  App app;
  app.ws("/", {.open = [](WebSocket ws) {
           ws.send(std::string(100'000, 'x'));
           ws.close(1000);
         }});
  RawClient slow(sim.loop, app.listen(0, "127.0.0.1"));
  slow.send(test::upgradeRequest());
  const TimePoint start = sim.loop.now();
  while (!slow.over() && sim.loop.now() - start < std::chrono::minutes(20)) {
    slow.resume();
    sim.loop.turn(sim.loop.now());
    slow.pause();
    // Some hundred bytes, then a second of nothing.
    for (int i = 0; i < 10; ++i) sim.loop.turn(sim.loop.now() + Milliseconds(100));
  }
  CHECK(sim.loop.now() - start > std::chrono::seconds(20));
  CHECK(slow.received.size() > 100'000);
  CHECK(slow.received.ends_with(std::string("\x88\x02\x03\xe8", 4)));
}

TEST_CASE("limits of for ever are for ever") {
  test::SimLoop sim;
  App app;
  app.ws("/", {.limits = {.idleTimeout = Milliseconds::max(),
                          .pingInterval = Milliseconds::max(),
                          .closeTimeout = Milliseconds::max()}});
  RawClient silent(sim.loop, app.listen(0, "127.0.0.1"));
  silent.send(test::upgradeRequest());
  REQUIRE(turnUntil(sim.loop, [&] { return app.clients().size() == 1; }));
  for (int i = 0; i < 100; ++i) sim.loop.turn(sim.loop.now() + std::chrono::hours(1));
  CHECK(app.clients().size() == 1);
}
