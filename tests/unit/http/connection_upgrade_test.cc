#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>

#include "http/connection.h"
#include "http_server.h"

using namespace duplex;
using test::HttpServer;
using test::overEachBackend;
using test::SimLoop;
using test::turnUntil;

namespace {

std::string get(std::string_view path, std::string_view lines = {}) {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: a\r\n" + std::string(lines) + "\r\n";
}

struct Nothing final : http::UpgradeRoute {};

/// What a connection becomes: keeps what comes.
struct Upgraded final : net::SocketHandler {
  transport::Stream stream;
  std::string received;
  void onData(MutableBytes bytes) override { received += asText(bytes); }
  void onEnd() override { stream.close(); }
  void onFailed(std::error_code) override { stream.forget(); }
};

const std::string handshake =
    "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";

}  // namespace

TEST_CASE("an upgrade takes the stream and the bytes that came early") {
  overEachBackend([](net::Loop& loop) {
    for (const bool later : {false, true}) {
      Upgraded upgraded;
      HttpServer server(loop);
      std::optional<Request> kept;
      std::optional<Response> unanswered;
      const auto take = [&](http::Exchange& exchange) {
        auto [stream, leftover] = exchange.connection->upgrade("HTTP/1.1 101 Switching Protocols\r\n\r\n");
        CHECK(exchange.connection == nullptr);
        upgraded.stream = std::move(stream);
        upgraded.stream.setHandler(upgraded);
        upgraded.received += asText(leftover);
      };
      server.routes->addUpgrade("/ws", std::make_unique<Nothing>());
      server.context.upgrade = [&](http::Exchange& exchange, http::UpgradeRoute&) {
        kept = Request(&exchange);
        unanswered = Response(&exchange);
        if (!later) take(exchange);
      };
      const auto client = server.connect();
      client->send(handshake + "early");
      REQUIRE(turnUntil(loop, [&] { return kept.has_value(); }));
      if (later) {
        for (int i = 0; i < 10; ++i) loop.turn(loop.now());
        take(*kept->exchange());
      }
      CHECK(client->receives("\r\n\r\n"));
      CHECK(server.connections.empty());
      client->send(" late");
      CHECK(turnUntil(loop, [&] { return upgraded.received == "early late"; }));
      CHECK(kept->path() == "/ws");
      CHECK(kept->header("upgrade") == "websocket");
      client->leave();
      CHECK(turnUntil(loop, [&] { return !upgraded.stream; }));
    }
  });
}

TEST_CASE("what follows a refused upgrade is not read as a request") {
  SimLoop sim;
  HttpServer server(sim.loop);
  server.on("GET", "/ws", [](Request&, Response& res) { res.send("plain"); });
  server.routes->addUpgrade("/ws", std::make_unique<Nothing>());
  for (const char* start : {"GET /ws", "GET /nowhere", "POST /ws"}) {
    const auto client = server.connect();
    client->send(start + handshake.substr(7) + get("/smuggled"));
    CHECK(client->reply().status >= 400);
    CHECK(client->closes());
    CHECK(client->received.empty());
  }
}
