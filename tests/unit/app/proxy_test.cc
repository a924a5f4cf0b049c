// An app behind a proxy: whose requests it takes them for, and whom it does not believe.
#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include <duplex/duplex.h>

#include "support/limited_app.h"

using namespace duplex;
using test::LimitedApp;
using test::overEachBackend;
using test::RawClient;
using test::settle;
using test::turnUntil;

namespace {

using namespace std::string_literals;

const std::string version1 = "PROXY TCP4 192.0.2.1 10.0.0.2 8080 443\r\n";
const std::string version2 =
    "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0C\xC0\x00\x02\x01\x0A\x00\x00\x02\x1F\x90\x01\xBB"s;
const std::string local = "\r\n\r\n\0\r\nQUIT\n\x20\x00\0\0"s;

std::string get(std::string_view headers = {}) {
  return "GET / HTTP/1.1\r\nHost: a\r\n" + std::string(headers) + "\r\n";
}

/// Answers whose request it is taken for, on HTTP and WebSockets.
void tell(App& app) {
  app.get("/", [](Request& req, Response& res) {
    res.send(std::string(req.protocol()) + " " + req.remoteAddress().string());
  });
  app.ws("/", [](WebSocket ws, const Request& req) {
    CHECK(req.remoteAddress() == ws.remoteAddress());
    CHECK(ws.request().remoteAddress() == ws.remoteAddress());
    ws.send(ws.url() + " " + ws.remoteAddress().string());
    ws.onclose([ws] { CHECK(ws.remoteAddress().family() != Address::Family::None); });
  });
}

/// What is answered to `bytes`, up to `end`.
std::string answer(net::Loop& loop, const Address& address, std::string_view bytes, std::string_view end) {
  RawClient client(loop, address);
  client.send(bytes);
  CHECK(turnUntil(loop, [&] { return client.received.find(end) != std::string::npos || client.over(); }));
  return client.received;
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

/// Whether `text` comes in answer to `bytes`.
bool answers(net::Loop& loop, const Address& address, std::string_view bytes, std::string_view text) {
  return contains(answer(loop, address, bytes, text), text);
}

}  // namespace

TEST_CASE("X-Forwarded-For and -Proto of a trusted proxy") {
  overEachBackend([](net::Loop& loop) {
    App app({.trustedProxies = {"127.0.0.0/8"}});
    tell(app);
    const Address address = app.listen(0, "127.0.0.1");
    const std::string headers = "X-Forwarded-For: 203.0.113.9, 192.0.2.1\r\nX-Forwarded-Proto: https\r\n";
    CHECK(answers(loop, address, get(headers), "https 192.0.2.1:0"));
    const std::string told = "wss://localhost/ 192.0.2.1:0";
    CHECK(answers(loop, address, test::upgradeRequest("/", headers), told));
    // Without a header it is the proxy's own request; and the next one on a connection may be another's.
    const std::string two = get("Connection: keep-alive\r\nX-Forwarded-For: 192.0.2.7\r\n") + get();
    const std::string both = answer(loop, address, two, "http 127.0.0.1:");
    CHECK(contains(both, "http 192.0.2.7:0"));
    CHECK(contains(both, "http 127.0.0.1:"));
    CHECK(turnUntil(loop, [&] { return app.metrics().connections == 0; }));
  });
}

TEST_CASE("whoever is not trusted says nothing of himself") {
  overEachBackend([](net::Loop& loop) {
    for (const bool some : {false, true}) {
      App app({.trustedProxies = some ? std::vector<std::string>{"10.0.0.0/8"} : std::vector<std::string>(),
               .proxyProtocol = some});
      tell(app);
      const Address address = app.listen(0, "127.0.0.1");
      const std::string headers =
          "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: https\r\nForwarded: "
          "for=192.0.2.1;proto=https\r\n";
      CHECK(answers(loop, address, get(headers), "http 127.0.0.1:"));
      CHECK(answers(loop, address, test::upgradeRequest("/", headers), "ws://localhost/ 127.0.0.1:"));
      CHECK(answer(loop, address, version1 + get(), " 400 ").starts_with("HTTP/1.1 400 "));
      CHECK(answer(loop, address, version2 + get(), " 400 ").starts_with("HTTP/1.1 400 "));
    }
  });
}

TEST_CASE("Forwarded, where that is what the proxy writes") {
  test::SimLoop sim;
  App app({.trustedProxies = {"127.0.0.1"}, .forwardedHeader = ForwardedHeader::Forwarded});
  tell(app);
  const Address address = app.listen(0, "127.0.0.1");
  const std::string headers =
      "X-Forwarded-For: 203.0.113.9\r\nForwarded: for=\"[2001:db8::1]:4711\";proto=https\r\n";
  CHECK(answers(sim.loop, address, get(headers), "https [2001:db8::1]:4711"));
}

TEST_CASE("a PROXY header names the client of all that follows it") {
  overEachBackend([](net::Loop& loop) {
    App app({.trustedProxies = {"127.0.0.1"}, .proxyProtocol = true});
    tell(app);
    const Address address = app.listen(0, "127.0.0.1");
    for (const std::string& header : {version1, version2}) {
      CHECK(answers(loop, address, header + get() + get(), "http 192.0.2.1:8080"));
      const std::string told = "ws://localhost/ 192.0.2.1:8080";
      CHECK(answers(loop, address, header + test::upgradeRequest(), told));
      // The client is not trusted because its proxy is.
      CHECK(answers(loop, address, header + get("X-Forwarded-For: 203.0.113.9\r\n"), "http 192.0.2.1:8080"));
    }
    CHECK(answers(loop, address, local + get(), "http 127.0.0.1:"));
    CHECK(turnUntil(loop, [&] { return app.metrics().connections == 0; }));
    CHECK(app.metrics().handshakes == 0);
  });
}

TEST_CASE("a PROXY header may come byte by byte") {
  test::SimLoop sim({.maxChunk = 1});
  App app({.trustedProxies = {"127.0.0.1"}, .proxyProtocol = true});
  tell(app);
  const Address address = app.listen(0, "127.0.0.1");
  for (const std::string& header : {version1, version2}) {
    CHECK(answers(sim.loop, address, header + get(), "http 192.0.2.1:8080"));
  }
}

TEST_CASE("a trusted proxy without a PROXY header is closed, and the log says so") {
  overEachBackend([](net::Loop& loop) {
    App app({.trustedProxies = {"127.0.0.1"}, .proxyProtocol = true});
    std::vector<Error> log;
    app.onerror([&](const Error& error, const ErrorContext& where) {
      log.push_back(error);
      CHECK(where.remoteAddress.ip() == "127.0.0.1");
    });
    tell(app);
    const Address address = app.listen(0, "127.0.0.1");
    const std::string bad[] = {get(), test::upgradeRequest(), "PROXY TCP4 1 2 3 4\r\n" + get(),
                               std::string(1000, '\r'),
                               version2.substr(0, 14) + "\0\x0B"s + version2.substr(16)};
    for (const std::string& bytes : bad) CHECK(answer(loop, address, bytes, "never").empty());
    CHECK(log.size() == std::size(bad));
    for (const Error& error : log) CHECK(error.code == Errc::ProxyHeaderInvalid);
    CHECK(turnUntil(loop, [&] { return app.metrics().connections == 0; }));
    CHECK(app.metrics().handshakes == 0);
  });
}

TEST_CASE("a PROXY header that does not come has the time of a request's headers") {
  LimitedApp guarded({.http = {.headerTimeout = std::chrono::seconds(3)},
                      .trustedProxies = {"127.0.0.1"},
                      .proxyProtocol = true});
  const auto silent = guarded.connect();
  const auto begun = guarded.send(version1.substr(0, 10));
  const auto gone = guarded.send(version1.substr(0, 10));
  gone->close(true);
  const auto ended = guarded.send(version1.substr(0, 10));
  ended->shutdown();
  settle(guarded.sim.loop);
  CHECK(guarded.count("handshakes") == 2);
  CHECK(guarded.log.empty());
  test::pass(guarded.sim.loop, std::chrono::seconds(3));
  settle(guarded.sim.loop);
  CHECK(silent->over());
  CHECK(begun->over());
  CHECK(guarded.log.size() == 2);
  CHECK(guarded.count("headerTimeout") == 2);
  guarded.isEmpty();
}

TEST_CASE("an app that closes does not wait for PROXY headers") {
  for (const bool gracefully : {false, true}) {
    test::SimLoop sim;
    auto app = std::make_unique<App>(AppOptions{.trustedProxies = {"127.0.0.1"}, .proxyProtocol = true});
    RawClient begun(sim.loop, app->listen(0, "127.0.0.1"));
    begun.send(version1.substr(0, 10));
    settle(sim.loop);
    bool closed = !gracefully;
    if (gracefully) {
      app->close(std::chrono::hours(1), [&] { closed = true; });
      CHECK(turnUntil(sim.loop, [&] { return closed; }));
    } else {
      app.reset();
    }
    CHECK(turnUntil(sim.loop, [&] { return begun.over(); }));
  }
}

TEST_CASE("maxConnectionsPerAddress behind a proxy: the client's, not the proxy's") {
  for (const bool header : {false, true}) {
    CAPTURE(header);
    LimitedApp guarded(
        {.maxConnectionsPerAddress = 2, .trustedProxies = {"127.0.0.1"}, .proxyProtocol = header});
    const auto open = [&](const std::string& client) {
      const std::string line = "X-Forwarded-For: " + client + "\r\n";
      return guarded.send(header ? "PROXY TCP4 " + client + " 10.0.0.2 8080 443\r\n" + test::upgradeRequest()
                                 : test::upgradeRequest("/", line));
    };
    std::vector<std::unique_ptr<RawClient>> clients;
    for (const char* client : {"192.0.2.1", "192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.2"}) {
      clients.push_back(open(client));
      CHECK(LimitedApp::statusOf(*clients.back()) == 101);
    }
    CHECK(LimitedApp::statusOf(*open("192.0.2.1")) == 429);
    guarded.wasExceeded("maxConnectionsPerAddress");
    clients.erase(clients.begin());
    settle(guarded.sim.loop);
    CHECK(LimitedApp::statusOf(*open("192.0.2.1")) == 101);
    settle(guarded.sim.loop);
    CHECK(LimitedApp::statusOf(*open("192.0.2.2")) == 429);
    // Requests without an upgrade are many clients' on one connection, and count for none.
    if (!header) {
      for (int i = 0; i < 5; ++i) {
        CHECK(LimitedApp::statusOf(*guarded.send(get("X-Forwarded-For: 192.0.2.2\r\n"))) == 200);
      }
    }
    clients.clear();
    guarded.isEmpty();
  }
}

TEST_CASE("maxHandshakesPerAddress: 429, and room again when a request has come") {
  const auto header = [](const std::string& client) {
    return "PROXY TCP4 " + client + " 10.0.0.2 8080 443\r\n";
  };
  for (const int beside : {-1, 0, 1}) {
    CAPTURE(beside);
    LimitedApp guarded(
        {.maxHandshakesPerAddress = 3, .trustedProxies = {"127.0.0.1"}, .proxyProtocol = true});
    std::vector<std::unique_ptr<RawClient>> clients;
    for (int i = 0; i < 3 + beside; ++i) {
      clients.push_back(guarded.send(header("192.0.2.1") + (i % 2 == 0 ? "" : "GET")));
      CHECK(LimitedApp::statusOf(*clients.back()) == (i == 3 ? 429 : 0));
    }
    beside > 0 ? guarded.wasExceeded("maxHandshakesPerAddress") : guarded.wasKept();
    // Others have room, and so has the proxy, whose headers are still to come.
    for (int i = 0; i < 5; ++i) clients.push_back(guarded.send("PROXY"));
    CHECK(LimitedApp::statusOf(*guarded.send(header("192.0.2.2") + get())) == 200);
    // One that has sent a request is no handshake any more, and one that has left is none.
    clients[0]->send(get());
    clients[1]->close(true);
    settle(guarded.sim.loop);
    CHECK(LimitedApp::statusOf(*clients[0]) == 200);
    for (int i = 0; i < 2; ++i) {
      clients.push_back(guarded.send(header("192.0.2.1")));
      CHECK_FALSE(clients.back()->over());
    }
    clients.clear();
    guarded.isEmpty();
  }
}

TEST_CASE("a proxy that is trusted for what it says in headers has no limit of handshakes") {
  LimitedApp guarded({.maxHandshakesPerAddress = 1, .trustedProxies = {"127.0.0.1"}});
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 5; ++i) clients.push_back(guarded.send("GET"));
  CHECK(LimitedApp::statusOf(*guarded.send(get("X-Forwarded-For: 192.0.2.2\r\n"))) == 200);
  guarded.wasKept();
}

TEST_CASE("a range that is none is refused when the app is made") {
  CHECK_THROWS_AS(App({.trustedProxies = {"10.0.0.0/33"}}), std::invalid_argument);
  CHECK_THROWS_AS(App({.trustedProxies = {"proxy.example"}}), std::invalid_argument);
}
