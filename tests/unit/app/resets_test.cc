// Connections that break in every state: nothing is left of them, and the others go on.
#include <doctest/doctest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <duplex/duplex.h>

#include "support/limited_app.h"
#include "websocket/connection.h"

using namespace duplex;
using test::clientFrame;
using test::RawClient;
using test::SimLoop;
using test::turnUntil;

namespace {

/// What one connection says from its beginning to its end: HTTP, kept alive, then a WebSocket that sends
/// whole messages, one in pieces, a large one, pings, and a Close.
const std::string stream = "GET /stream HTTP/1.1\r\nHost: a\r\n\r\n";
const std::string script =
    "POST /body HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n" +
    test::upgradeRequest("/", "Sec-WebSocket-Protocol: v1\r\n") + clientFrame(0x81, "subscribe") +
    clientFrame(0x01, "in ") + clientFrame(0x89, "ping") + clientFrame(0x00, "three ") +
    clientFrame(0x80, "parts") + clientFrame(0x82, std::string(125, 'b')) + clientFrame(0x81, "large") +
    clientFrame(0x88, "\x03\xe8");

void addRoutes(App& app) {
  app.post("/body", [](Request& req, Response& res) { res.send(req.text()); });
  app.get("/stream", [](Request&, Response& res) {
    res.ondrain([res] { res.end("end"); });
    res.onclose([] {});
    res.write(std::string(70'000, 's'));
  });
  app.ws("/", {.message =
                   [](WebSocket ws, const Message& message) {
                     if (message.text() == "subscribe") ws.subscribe("all");
                     if (message.text() == "large") ws.send(std::string(50'000, 'l'));
                     ws.publish("all", message);
                     ws.send(message);
                   },
               .protocols = {"v1"},
               .limits = {.closeTimeout = Milliseconds(500)}});
}

/// Nothing is left on `loop` of connections that were.
void isClean(net::Loop& loop, App& app) {
  CHECK(turnUntil(loop, [&] { return app.metrics().connections == 0 && loop.socketMemory().taken() == 0; }));
  const auto& memory = loop.local<websocket::ConnectionMemory>();
  CHECK(memory.connections.taken() == 0);
  CHECK(memory.extras.taken() == 0);
  const Metrics metrics = app.metrics();
  CHECK(metrics.handshakes == 0);
  CHECK(metrics.sockets == 0);
  CHECK(app.clients().empty());
}

}  // namespace

TEST_CASE("a peer that leaves after each byte that it could send, by FIN and by reset") {
  SimLoop sim;
  App app;
  addRoutes(app);
  const Address address = app.listen(0, "127.0.0.1");
  const std::string all = stream + script;
  for (const bool reset : {false, true}) {
    for (std::size_t size = 0; size <= all.size(); ++size) {
      RawClient client(sim.loop, address);
      client.send(std::string_view(all).substr(0, size));
      for (int i = 0; i < 12; ++i) sim.loop.turn(sim.loop.now());
      client.close(reset);
    }
  }
  isClean(sim.loop, app);
}

TEST_CASE("resets, delays and cuts at random, of many connections at once") {
  std::uint64_t upgrades = 0;
  std::uint64_t unfinished = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    CAPTURE(seed);
    SimLoop sim({.seed = seed,
                 .maxChunk = 1 + seed * 7 % 500,
                 .capacity = 512 + seed * 97 % 8192,
                 .resets = static_cast<unsigned>(1 + seed % 20),
                 .delays = static_cast<unsigned>(seed * 13 % 600)});
    App app;
    addRoutes(app);
    const Address address = app.listen(0, "127.0.0.1");
    std::vector<std::unique_ptr<RawClient>> clients;
    for (int i = 0; i < 12; ++i) {
      clients.push_back(std::make_unique<RawClient>(sim.loop, address));
      clients.back()->send(i % 3 == 0 ? stream + script : script);
    }
    for (int i = 0; i < 300; ++i) sim.loop.turn(sim.loop.now() + Milliseconds(1));
    upgrades += app.metrics().upgrades;
    for (const auto& client : clients) unfinished += client->over() ? 0 : 1;
    clients.clear();
    isClean(sim.loop, app);
  }
  // They have broken in all states, not all in the first.
  CHECK(upgrades > 200);
  CHECK(upgrades < 200 * 12);
  CHECK(unfinished > 0);
}

TEST_CASE("what breaks takes nobody along") {
  for (std::uint64_t seed = 1; seed <= test::seeds(20); ++seed) {
    CAPTURE(seed);
    SimLoop sim({.seed = seed, .maxChunk = 100, .delays = 200});
    App app;
    addRoutes(app);
    const Address address = app.listen(0, "127.0.0.1");
    RawClient steady(sim.loop, address);
    steady.send(test::upgradeRequest() + clientFrame(0x81, "subscribe"));
    std::size_t answers = 0;
    for (std::size_t size = seed; size < script.size(); size += 29) {
      RawClient broken(sim.loop, address);
      broken.send(std::string_view(script).substr(0, size));
      for (int i = 0; i < 10; ++i) sim.loop.turn(sim.loop.now());
      broken.close(true);
      steady.send(clientFrame(0x81, "still here " + std::to_string(++answers)));
      CHECK(turnUntil(sim.loop, [&] {
        return steady.received.find("still here " + std::to_string(answers)) != std::string::npos;
      }));
    }
    CHECK_FALSE(steady.over());
    steady.close();
    isClean(sim.loop, app);
  }
}
