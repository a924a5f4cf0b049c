// Peers that vanish, that never read and that trickle, over real sockets: each is ended in its time, what it
// had is given back, and the others are served meanwhile.
#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include <duplex/duplex.h>

#include "net/backend.h"
#include "support/loops.h"
#include "support/raw_client.h"
#include "support/server_frames.h"
#include "websocket/connection.h"

using namespace duplex;
using test::RawClient;
using test::turnUntil;

namespace {

AppOptions options() {
  return {.http = {.headerTimeout = Milliseconds(600),
                   .bodyTimeout = Milliseconds(600),
                   .keepAliveTimeout = Milliseconds(600),
                   .sendTimeout = Milliseconds(600)}};
}

void endsHostilePeers(net::Loop& loop) {
  App app(options());
  WebSocket flooded;
  app.get("/large", [](Request&, Response& res) { res.send(std::string(64'000'000, 'x')); });
  app.post("/", [](Request& req, Response& res) { res.send(req.text()); });
  app.ws("/", {.message = [](WebSocket ws, const Message& message) { ws.send(message); },
               .limits = {.idleTimeout = Milliseconds(600),
                          .pingInterval = Milliseconds(100),
                          .closeTimeout = Milliseconds(300)}});
  app.ws("/steady", {.message = [](WebSocket ws, const Message& message) { ws.send(message); }});
  app.ws("/flood", {.open = [&](WebSocket ws) { flooded = ws; },
                    .limits = {.maxBufferedAmount = 1'000'000, .closeTimeout = Milliseconds(300)}});
  const Address address = app.listen(0, "127.0.0.1");

  RawClient steady(loop, address);
  steady.send(test::upgradeRequest("/steady"));
  std::vector<std::unique_ptr<RawClient>> hostile;
  const auto add = [&](std::string_view first) -> RawClient& {
    hostile.push_back(std::make_unique<RawClient>(loop, address));
    hostile.back()->send(first);
    return *hostile.back();
  };
  // Nothing at all, part of a head, part of a body, a WebSocket that says nothing, half of a frame.
  const RawClient& mute = add("");
  const RawClient& head = add("GET / HT");
  const RawClient& body = add("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf");
  const RawClient& silent = add(test::upgradeRequest());
  const RawClient& half = add(test::upgradeRequest() + test::clientFrame(0x81, "half of it").substr(0, 9));
  // Those that never read what they asked for.
  RawClient& large = add("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
  RawClient& flood = add(test::upgradeRequest("/flood"));
  REQUIRE(
      turnUntil(loop, [&] { return flooded.readyState() == ReadyState::Open && !large.received.empty(); }));
  large.pause();
  flood.pause();
  for (int i = 0; i < 500 && flooded.readyState() == ReadyState::Open; ++i) {
    flooded.send(std::string(300'000, 'f'));
    loop.turn(loop.now());
  }
  CHECK(flooded.readyState() != ReadyState::Open);

  std::size_t answers = 0;
  const auto isServed = [&] {
    const std::string text = "still here " + std::to_string(++answers);
    steady.send(test::clientFrame(0x81, text));
    return turnUntil(
        loop, [&] { return steady.received.find(text) != std::string::npos || steady.over(); }, 10'000);
  };
  const auto onlySteadyIsLeft = [&] { return app.metrics().connections == 1 && !steady.over(); };
  // Each lingers for some seconds, since the test does not close.
  const TimePoint patience = loop.now() + std::chrono::seconds(60);
  while (loop.now() < patience && !onlySteadyIsLeft()) {
    // One byte after the other, in time for none of the limits but the idle ones.
    hostile[1]->send("T");
    REQUIRE(isServed());
    loop.turn(loop.now() + Milliseconds(10));
  }
  const Metrics metrics = app.metrics();
  INFO("left: ", metrics.connections, " of them sockets: ", metrics.sockets);
  REQUIRE(onlySteadyIsLeft());
  CHECK(turnUntil(loop,
                  [&] { return mute.over() && head.over() && body.over() && silent.over() && half.over(); }));
  CHECK(mute.received.empty());
  CHECK(head.received.starts_with("HTTP/1.1 408 "));
  CHECK(body.received.starts_with("HTTP/1.1 408 "));
  for (const RawClient* client : {&silent, &half}) {
    const auto frames = test::framesIn(client->received);
    REQUIRE_FALSE(frames.empty());
    CHECK(frames.back().first == 0x88);
    CHECK(frames.back().payload.starts_with("\x03\xe9"));
  }
  CHECK(metrics.headerTimeout == 1);
  CHECK(metrics.bodyTimeout == 1);
  CHECK(metrics.sendTimeout == 1);
  CHECK(metrics.idleTimeout == 2);
  CHECK(metrics.maxBufferedAmount == 1);
  CHECK(isServed());

  steady.close();
  hostile.clear();
  CHECK(turnUntil(
      loop, [&] { return app.metrics().connections == 0 && loop.socketMemory().taken() == 0; }, 10'000));
  CHECK(loop.local<websocket::ConnectionMemory>().connections.taken() == 0);
  CHECK(loop.local<websocket::ConnectionMemory>().extras.taken() == 0);
}

/// A coroutine that echoes, and a peer that floods it and never reads.
void endsFloodsThatNeverRead(net::Loop& loop) {
  App app;
  WebSocket flooded;
  app.ws("/", {.open = [&](WebSocket ws) -> Task<> {
                 flooded = ws;
                 while (auto message = co_await ws.receive()) co_await ws.send(*message);
               },
               .limits = {.idleTimeout = Milliseconds(600),
                          .pingInterval = Milliseconds(100),
                          .closeTimeout = Milliseconds(300)}});
  RawClient flood(loop, app.listen(0, "127.0.0.1"));
  flood.send(test::upgradeRequest());
  REQUIRE(turnUntil(loop, [&] { return flooded.readyState() == ReadyState::Open; }));
  flood.pause();
  std::string message("\x82\xfe\xea\x60\0\0\0\0", 8);
  message.append(60'000, 'f');
  for (int i = 0; i < 500; ++i) flood.send(message);
  CHECK(turnUntil(
      loop, [&] { return app.metrics().connections == 0; }, 5'000));
  CHECK(app.metrics().idleTimeout == 1);
}

}  // namespace

TEST_CASE("a coroutine's peer that never reads is ended (epoll)") {
  net::Loop loop("epoll");
  endsFloodsThatNeverRead(loop);
}

TEST_CASE("a coroutine's peer that never reads is ended (io_uring)") {
  if (net::whyNoUring()) return;
  net::Loop loop("uring");
  endsFloodsThatNeverRead(loop);
}

TEST_CASE("hostile peers are ended, and the others served (epoll)") {
  net::Loop loop("epoll");
  endsHostilePeers(loop);
}

TEST_CASE("hostile peers are ended, and the others served (io_uring)") {
  if (net::whyNoUring()) return;
  net::Loop loop("uring");
  endsHostilePeers(loop);
}
