// The limits of connections and requests, each one below it, at it and beyond it: the answer, the log, the
// counter.
#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <duplex/duplex.h>

#include "support/limited_app.h"

using namespace duplex;
using test::besideTheLimit;
using test::LimitedApp;
using test::pass;
using test::RawClient;
using test::settle;
using test::turnUntil;

namespace {

const std::string plain = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

std::string withHeader(std::string_view line) {
  return "GET / HTTP/1.1\r\nHost: a\r\n" + std::string(line) + "\r\n\r\n";
}

std::string post(std::size_t size) {
  return "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n";
}

std::size_t moved(std::size_t limit, int beside) {
  return static_cast<std::size_t>(static_cast<long>(limit) + beside);
}

}  // namespace

TEST_CASE("maxHeaderSize: 431") {
  const std::size_t empty = withHeader("X: ").size();
  besideTheLimit("maxHeaderSize", {.http = {.maxHeaderSize = 200}}, {}, [&](LimitedApp& guarded, int beside) {
    const auto client = guarded.send(withHeader("X: " + std::string(moved(200 - empty, beside), 'x')));
    CHECK(LimitedApp::statusOf(*client) == (beside > 0 ? 431 : 200));
  });
}

TEST_CASE("maxHeaders: 431") {
  besideTheLimit("maxHeaders", {.http = {.maxHeaders = 5}}, {}, [&](LimitedApp& guarded, int beside) {
    std::string request = "GET / HTTP/1.1\r\nHost: a\r\n";
    for (int i = 1; i < 5 + beside; ++i) request += "X: y\r\n";
    const auto client = guarded.send(request + "\r\n");
    CHECK(LimitedApp::statusOf(*client) == (beside > 0 ? 431 : 200));
  });
}

TEST_CASE("maxBodySize: 413") {
  besideTheLimit("maxBodySize", {.http = {.maxBodySize = 1000}}, {}, [&](LimitedApp& guarded, int beside) {
    const std::size_t size = moved(1000, beside);
    const auto client = guarded.send(post(size) + std::string(size, 'x'));
    CHECK(LimitedApp::statusOf(*client) == (beside > 0 ? 413 : 200));
  });
  // In chunks, of which none says how long all of it will be.
  besideTheLimit("maxBodySize", {.http = {.maxBodySize = 1000}}, {}, [&](LimitedApp& guarded, int beside) {
    std::string request = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (int i = 0; i < 1000 + beside; ++i) request += "1\r\nx\r\n";
    const auto client = guarded.send(request + "0\r\n\r\n");
    CHECK(LimitedApp::statusOf(*client) == (beside > 0 ? 413 : 200));
  });
}

TEST_CASE("headerTimeout: 408") {
  const HttpLimits limits{.headerTimeout = Milliseconds(3000)};
  // The deadline itself is too late.
  besideTheLimit("headerTimeout", {.http = limits}, {}, [&](LimitedApp& guarded, int beside) {
    const auto client = guarded.send(plain.substr(0, 20));
    pass(guarded.sim.loop, limits.headerTimeout + Milliseconds(beside - 1));
    client->send(plain.substr(20));
    settle(guarded.sim.loop);
    CHECK(LimitedApp::statusOf(*client) == (beside > 0 ? 408 : 200));
  });
}

TEST_CASE("minHeaderRate: 408 to who sends too little in five seconds") {
  const HttpLimits limits{.headerTimeout = std::chrono::minutes(5), .minHeaderRate = 20};
  // The limit is the least that is enough: so it is one less that is too little.
  besideTheLimit("minHeaderRate", {.http = limits}, {}, [&](LimitedApp& guarded, int beside) {
    const std::string request = withHeader("X: " + std::string(500, 'x'));
    const auto client = guarded.connect();
    std::size_t sent = 0;
    const auto send = [&](std::size_t size) {
      client->send(std::string_view(request).substr(sent, size));
      sent += size;
      settle(guarded.sim.loop);
    };
    // Enough in the first window, and in the second byte by byte as little as it may be, or less.
    send(20 * 5);
    pass(guarded.sim.loop, Milliseconds(5000));
    for (int i = 0; i < 20 * 5 - beside; ++i) send(1);
    pass(guarded.sim.loop, Milliseconds(5000));
    send(request.size());
    CHECK(LimitedApp::statusOf(*client) == (beside > 0 ? 408 : 200));
  });
}

TEST_CASE("minHeaderRate: one byte a second is cut in time, and the others are served meanwhile") {
  LimitedApp guarded({.http = {.headerTimeout = std::chrono::hours(1)}});
  std::vector<std::unique_ptr<RawClient>> slow;
  for (int i = 0; i < 50; ++i) slow.push_back(guarded.connect());
  for (std::size_t second = 0; second < 5; ++second) {
    for (const auto& client : slow) client->send(plain.substr(second, 1));
    pass(guarded.sim.loop, std::chrono::seconds(1));
    CHECK(LimitedApp::statusOf(*guarded.send(plain)) == 200);
  }
  settle(guarded.sim.loop);
  for (const auto& client : slow) CHECK(LimitedApp::statusOf(*client) == 408);
  CHECK(guarded.count("minHeaderRate") == slow.size());
  slow.clear();
  guarded.isEmpty();
}

TEST_CASE("minHeaderRate: 0 is none") {
  LimitedApp guarded({.http = {.headerTimeout = std::chrono::minutes(5), .minHeaderRate = 0}});
  const auto client = guarded.connect();
  for (const char c : plain) {
    client->send(std::string(1, c));
    pass(guarded.sim.loop, std::chrono::seconds(6));
  }
  CHECK(LimitedApp::statusOf(*client) == 200);
  guarded.wasKept();
}

TEST_CASE("bodyTimeout: 408") {
  const HttpLimits limits{.bodyTimeout = Milliseconds(20'000)};
  besideTheLimit("bodyTimeout", {.http = limits}, {}, [&](LimitedApp& guarded, int beside) {
    const auto client = guarded.send(post(5) + "hell");
    pass(guarded.sim.loop, limits.bodyTimeout + Milliseconds(beside - 1));
    client->send("o");
    settle(guarded.sim.loop);
    CHECK(LimitedApp::statusOf(*client) == (beside > 0 ? 408 : 200));
  });
}

TEST_CASE("sendTimeout: a peer that never reads is cut") {
  const HttpLimits limits{.sendTimeout = Milliseconds(7000)};
  besideTheLimit("sendTimeout", {.http = limits}, {}, [&](LimitedApp& guarded, int beside) {
    const std::string large(1'000'000, 'x');
    guarded.app.get("/large", [&](Request&, Response& res) { res.send(large); });
    const auto client = guarded.send("GET /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n");
    client->pause();
    client->send("\r\n");
    guarded.sim.loop.turn(guarded.sim.loop.now());
    settle(guarded.sim.loop);
    // That the peer has taken what the network holds is seen only when the limit is looked at.
    pass(guarded.sim.loop, limits.sendTimeout * (beside > 0 ? 2 : 1) + Milliseconds(std::min(beside, 0)));
    if (!client->over()) client->resume();
    CHECK(turnUntil(guarded.sim.loop, [&] { return client->over(); }));
    CHECK((client->received.size() > large.size()) == (beside <= 0));
  });
}

TEST_CASE("maxConnections: 503, and room again when one has gone") {
  besideTheLimit("maxConnections", {.maxConnections = 3}, {}, [&](LimitedApp& guarded, int beside) {
    std::vector<std::unique_ptr<RawClient>> clients;
    // WebSockets and others count alike.
    clients.push_back(guarded.open());
    for (int i = 1; i < 3 + beside; ++i) {
      clients.push_back(guarded.send(plain));
      CHECK(LimitedApp::statusOf(*clients.back()) == (i == 3 ? 503 : 200));
    }
    CHECK(guarded.count("connections") == std::min(static_cast<std::size_t>(3), clients.size()));
    clients.erase(clients.begin());
    settle(guarded.sim.loop);
    CHECK(LimitedApp::statusOf(*guarded.send(plain)) == 200);
  });
}

TEST_CASE("maxConnectionsPerAddress: 429, and room again when one has gone") {
  besideTheLimit("maxConnectionsPerAddress", {.maxConnectionsPerAddress = 3}, {},
                 [&](LimitedApp& guarded, int beside) {
                   std::vector<std::unique_ptr<RawClient>> clients;
                   clients.push_back(guarded.open());
                   for (int i = 1; i < 3 + beside; ++i) {
                     clients.push_back(guarded.send(plain));
                     CHECK(LimitedApp::statusOf(*clients.back()) == (i == 3 ? 429 : 200));
                   }
                   clients.erase(clients.begin());
                   settle(guarded.sim.loop);
                   CHECK(LimitedApp::statusOf(*guarded.send(plain)) == 200);
                 });
}

TEST_CASE("maxHandshakes: 503, and room again when a request has come") {
  besideTheLimit("maxHandshakes", {.maxHandshakes = 3}, {}, [&](LimitedApp& guarded, int beside) {
    std::vector<std::unique_ptr<RawClient>> clients;
    for (int i = 0; i < 3 + beside; ++i) {
      clients.push_back(guarded.send(plain.substr(0, static_cast<std::size_t>(i % 2))));
      CHECK(LimitedApp::statusOf(*clients.back()) == (i == 3 ? 503 : 0));
    }
    // One that has sent a request is no handshake any more, and one that has left is none.
    clients[0]->send(plain);
    clients[1].reset();
    settle(guarded.sim.loop);
    CHECK(LimitedApp::statusOf(*clients[0]) == 200);
    CHECK(guarded.count("handshakes") == (beside < 0 ? 0 : 1));
    const auto next = guarded.connect();
    settle(guarded.sim.loop);
    CHECK_FALSE(next->over());
  });
}

TEST_CASE("more than are told that there is no room are closed without a word") {
  LimitedApp guarded({.maxConnections = 1});
  const auto first = guarded.send(plain);
  std::vector<std::unique_ptr<RawClient>> late;
  for (int i = 0; i < 300; ++i) late.push_back(guarded.connect());
  settle(guarded.sim.loop);
  int told = 0;
  for (const auto& client : late) {
    CHECK(client->over());
    told += LimitedApp::statusOf(*client) == 503 ? 1 : 0;
  }
  CHECK(told == 256);
  CHECK(guarded.count("maxConnections") == 300);
  // The answers' connections do not stay longer than others that linger.
  pass(guarded.sim.loop, std::chrono::seconds(6));
  CHECK(LimitedApp::statusOf(*guarded.send(plain)) == 503);
  late.clear();
}

TEST_CASE("what an app does is counted") {
  LimitedApp guarded({});
  const auto http = guarded.send(plain);
  http->send(plain);
  const auto socket = guarded.open();
  socket->send(test::clientFrame(0x81, "hello") + test::clientFrame(0x82, "") + test::clientFrame(0x01, "a") +
               test::clientFrame(0x80, "bc") + test::clientFrame(0x89, "ping"));
  settle(guarded.sim.loop);
  guarded.sockets[0].subscribe("t");
  guarded.app.publish("t", "published");
  settle(guarded.sim.loop);
  const Metrics metrics = guarded.app.metrics();
  CHECK(metrics.connections == 2);
  CHECK(metrics.handshakes == 0);
  CHECK(metrics.sockets == 1);
  CHECK(metrics.accepted == 2);
  CHECK(metrics.requests == 3);
  CHECK(metrics.upgrades == 1);
  CHECK(metrics.messagesReceived == 3);
  CHECK(metrics.bytesReceived == 8);
  CHECK(metrics.messagesSent == 4);
  CHECK(metrics.bytesSent == 17);
  guarded.wasKept();
}
