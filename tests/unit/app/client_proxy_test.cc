// A client that goes through an HTTP proxy, over each back end.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include <duplex/duplex.h>

#include "support/http_proxy.h"
#include "support/loops.h"

using namespace duplex;
using namespace std::chrono_literals;
using test::HttpProxy;
using test::overEachBackend;
using test::SimLoop;
using test::turnUntil;

namespace {

/// A server that notes what it is asked and echoes, a proxy in front of it.
struct World {
  explicit World(net::Loop& on) : loop(on), proxy(on, listen()) {}

  Address listen() {
    app.ws("/", [this](WebSocket ws, const Request& req) {
      for (const Field& header : req.headers())
        seen += std::string(header.name) + ": " + std::string(header.value) + "\n";
      ws.onmessage([ws](const Message& message) { ws.send(message); });
    });
    const Address address = app.listen(0, "127.0.0.1");
    direct = address.string();
    return address;
  }

  /// What becomes of a client that goes through the proxy: "open", or its error.
  std::string meet(const std::string& credentials = {}, Milliseconds timeout = 10s) {
    std::string outcome;
    WebSocket ws("ws://user:word@server.test:81/",
                 {.connectTimeout = timeout, .proxy = "http://" + credentials + proxy.authority()});
    ws.onopen([&] { ws.send("through the tunnel"); });
    ws.onmessage([&](const Message& message) {
      outcome = std::string(message.text());
      ws.close(1000);
    });
    ws.onerror([&](const Error& error) {
      outcome = error.message;
      status = error.status;
      code = error.code;
    });
    bool closed = false;
    ws.onclose([&] { closed = true; });
    REQUIRE(turnUntil(loop, [&] { return closed; }));
    return outcome;
  }

  net::Loop& loop;
  App app;
  std::string direct;
  std::string seen;
  HttpProxy proxy;
  int status = 0;
  std::error_code code;
};

}  // namespace

TEST_CASE("through the tunnel, with credentials for the proxy alone") {
  overEachBackend([](net::Loop& loop) {
    World world(loop);
    CHECK(world.meet("ann:secret@") == "through the tunnel");
    REQUIRE(world.proxy.requests.size() == 1);
    CHECK(world.proxy.requests[0] ==
          "CONNECT server.test:81 HTTP/1.1\r\nHost: server.test:81\r\n"
          "Proxy-Authorization: Basic YW5uOnNlY3JldA==\r\n\r\n");
    CHECK(world.seen.find("Host: server.test:81\n") != std::string::npos);
    CHECK(world.seen.find("Authorization: Basic dXNlcjp3b3Jk\n") != std::string::npos);
    CHECK(world.seen.find("Proxy-") == std::string::npos);
    CHECK(world.seen.find("YW5uOnNlY3JldA==") == std::string::npos);
  });
}

TEST_CASE("the proxy is asked for at each URL, redirected and again") {
  overEachBackend([](net::Loop& loop) {
    World world(loop);
    world.app.all("/to",
                  [&](Request&, Response& res) { res.redirect(302, "ws://" + world.direct + "/end"); });
    int ends = 0;
    world.app.ws("/end", [&](WebSocket ws) { ws.close(++ends == 1 ? 1012 : 1000); });
    static std::string proxy;
    static std::vector<std::string> asked;
    proxy = "http://" + world.proxy.authority();
    asked.clear();
    WebSocket ws("ws://user:word@server.test/to?a@b",
                 {.proxyFor =
                      [](std::string_view url) {
                        asked.emplace_back(url);
                        return url == "ws://server.test/to?a@b" ? proxy : std::string();
                      },
                  .maxRedirects = 1,
                  .reconnect = {.maxTries = 1, .delay = 1ms}});
    bool closed = false;
    ws.onclose([&] { closed = true; });
    REQUIRE(turnUntil(loop, [&] { return closed; }));
    CHECK(ends == 2);
    const std::string there = "ws://" + world.direct + "/end";
    CHECK(asked ==
          std::vector<std::string>{"ws://server.test/to?a@b", there, "ws://server.test/to?a@b", there});
    CHECK(world.proxy.requests.size() == 2);

    proxy = "ftp://nowhere";
    WebSocket other("ws://server.test/to?a@b", {.proxyFor = [](std::string_view) { return proxy; }});
    Error error;
    other.onerror([&](const Error& why) { error = why; });
    other.onclose([&] { closed = false; });
    REQUIRE(turnUntil(loop, [&] { return !closed; }));
    CHECK(error.code == Errc::ConnectFailed);
    CHECK(error.message.find("the proxy is not of the form") != std::string::npos);
    CHECK_THROWS_AS(
        WebSocket("ws://a/", ClientOptions{.proxy = "http://b", .proxyFor = proxyFromEnvironment}),
        SyntaxError);
  });
}

TEST_CASE("answers that make a tunnel") {
  SimLoop sim({.maxChunk = 3});
  World world(sim.loop);
  for (const char* answer : {"HTTP/1.0 200 OK\r\n\r\n", "HTTP/1.1 200 \r\nContent-Length: 5\r\n\r\n",
                             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
                             "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"}) {
    world.proxy.answer = answer;
    INFO(answer);
    CHECK(world.meet() == "through the tunnel");
  }
}

TEST_CASE("a proxy that refuses, and why") {
  overEachBackend([](net::Loop& loop) {
    World world(loop);
    world.proxy.answer =
        "HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic realm=x\r\nContent-Length: 3\r\n\r\nno.";
    CHECK(world.meet().find("answered 407: it wants credentials") != std::string::npos);
    CHECK(world.code == Errc::ProxyRefused);
    CHECK(world.status == 407);
    const std::string refused = world.meet("ann:secret@");
    CHECK(refused.find("answered 407: it refuses the credentials") != std::string::npos);
    CHECK(refused.find("secret") == std::string::npos);
    world.proxy.answer = "HTTP/1.1 502 Bad Gateway\r\n\r\n";
    CHECK(world.meet().find("answered 502") != std::string::npos);
    CHECK(world.status == 502);
    CHECK(world.seen.empty());
  });
}

TEST_CASE("a proxy that answers what it may not") {
  SimLoop sim;
  World world(sim.loop);
  world.proxy.answer = "HTTP/1.1 407 " + std::string(20'000, 'x') + "\r\n\r\n";
  world.meet();
  CHECK(world.code == Errc::HeaderTooLarge);
  for (const char* answer :
       {"HTTP/1.1 301 Elsewhere\r\nLocation: /\r\n\r\n", "HTTP/1.1 101 Switching Protocols\r\n\r\n"}) {
    world.proxy.answer = answer;
    world.meet();
    CHECK(world.code == Errc::ProxyRefused);
  }
  for (const char* answer :
       {"SSH-2.0-x\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 101 Switching Protocols\r\n"}) {
    world.proxy.answer = answer;
    world.meet();
    CHECK(world.code == Errc::BadResponse);
  }
  world.proxy.answer = "HTTP/1.1 407 ";
  world.proxy.hangUp = true;
  world.meet();
  CHECK(world.code == Errc::ConnectionLost);
}

TEST_CASE("a proxy that does not answer, and one that is not there") {
  SimLoop sim;
  World world(sim.loop);
  world.proxy.answer = "";
  const TimePoint start = sim.loop.now();
  world.meet({}, 2s);
  CHECK(world.code == Errc::ConnectTimeout);
  CHECK(sim.loop.now() - start >= 2s);
  CHECK(sim.loop.now() - start < 3s);

  Error error;
  WebSocket ws("ws://h", {.proxy = "127.0.0.1:1"});
  ws.onerror([&](const Error& why) { error = why; });
  bool closed = false;
  ws.onclose([&] { closed = true; });
  CHECK(turnUntil(sim.loop, [&] { return closed; }));
  CHECK(error.code == std::errc::connection_refused);
  CHECK(error.message.find("the proxy 127.0.0.1:1") != std::string::npos);
}
