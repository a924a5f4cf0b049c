// What `App::onerror` is told of whom and where: the peer, and the route that it was at.
#include <doctest/doctest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include <duplex/duplex.h>

#include "support/certificates.h"
#include "support/limited_app.h"
#include "support/raw_client.h"
#include "support/server_frames.h"

using namespace duplex;
using test::RawClient;
using test::settle;
using test::SimLoop;

namespace {

struct Told {
  Error error;
  Address peer;
  std::string route;
};

/// An app in which everything goes wrong, and what it says of that.
struct Failing {
  explicit Failing(AppOptions options = {}) : app(std::move(options)) {
    app.onerror([this](const Error& error, const ErrorContext& where) {
      told.push_back({error, where.remoteAddress, std::string(where.route)});
    });
    app.get("/items/:id", [](Request&, Response&) { throw std::runtime_error("no item"); });
    app.get("/task/:id", [](Request&, Response&) -> Task<> {
      co_await Loop::sleep(Milliseconds(1));
      throw std::runtime_error("no task");
    });
    app.get("/left", [](Request&, Response& res) {
      res.onclose([] { throw std::runtime_error("no end"); });
      setTimeout([res] {}, Milliseconds(100'000));
    });
    Router inner;
    inner.ws("/chat/:room", [](WebSocket ws) { ws.onmessage([] { throw std::runtime_error("no room"); }); });
    app.use("/inner", inner);
    app.use([](const Error&, Request&, Response&, Next&) { throw std::runtime_error("no page for errors"); });
    address = app.listen(0, "127.0.0.1");
  }

  /// What is told last, when somebody has sent `text`; `leaves` then.
  Told after(const std::string& text, bool leaves = false) {
    told.clear();
    RawClient client(sim.loop, address);
    client.send(text);
    settle(sim.loop);
    if (leaves) client.close(true);
    REQUIRE(test::turnUntil(sim.loop, [&] { return !told.empty(); }));
    return told.back();
  }

  SimLoop sim;
  App app;
  Address address;
  std::vector<Told> told;
};

std::string get(const std::string& path, const std::string& headers = {}) {
  return "GET " + path + " HTTP/1.1\r\nHost: a\r\n" + headers + "\r\n";
}

bool says(const Told& told, std::string_view text) {
  return told.error.message.find(text) != std::string::npos;
}

}  // namespace

TEST_CASE("an error comes with the peer and the route") {
  Failing failing;
  const Told thrown = failing.after(get("/items/7"));
  CHECK(says(thrown, "no page"));
  CHECK(thrown.peer.ip() == "127.0.0.1");
  CHECK(thrown.peer.port() != 0);
  // That of the handler which threw first, not of the one that was to answer for it.
  CHECK(thrown.route == "/items/:id");
  CHECK(failing.after(get("/task/7")).route == "/task/:id");
  const Told left = failing.after(get("/left"), true);
  CHECK(says(left, "no end"));
  CHECK(left.route == "/left");

  for (const std::string& wrong : {test::clientFrame(0x81, "a"), test::clientFrame(0xF1, "a")}) {
    const Told told = failing.after(test::upgradeRequest("/inner/chat/one") + wrong);
    CHECK(told.peer.ip() == "127.0.0.1");
    CHECK(told.route == "/chat/:room");
  }
}

TEST_CASE("what is no request yet is of a peer, and of no route") {
  {
    Failing failing;
    const Told bad = failing.after("\x16\x03\x01 no HTTP\r\n\r\n");
    CHECK(bad.error.code == Errc::BadRequest);
    CHECK(bad.peer.ip() == "127.0.0.1");
    CHECK(bad.route.empty());
  }
  Failing full({.maxConnections = 1});
  RawClient first(full.sim.loop, full.address);
  settle(full.sim.loop);
  const Told refused = full.after("");
  CHECK(refused.error.code == Errc::TooManyConnections);
  CHECK(refused.peer.ip() == "127.0.0.1");
}

TEST_CASE("behind a trusted proxy the peer is its client") {
  Failing failing({.trustedProxies = {"127.0.0.1"}});
  const std::string forwarded = "X-Forwarded-For: 192.0.2.7\r\n";
  CHECK(failing.after(get("/items/7", forwarded)).peer.ip() == "192.0.2.7");
  CHECK(failing.after(test::upgradeRequest("/inner/chat/one", forwarded) + test::clientFrame(0xF1, "a"))
            .peer.ip() == "192.0.2.7");
}

TEST_CASE("a handler that wants the error alone, or nothing, is called as well") {
  for (const bool wantsError : {false, true}) {
    Failing failing;
    App other;
    int calls = 0;
    if (wantsError) {
      other.onerror([&](const Error& error) { calls += error.code == Errc::BadRequest ? 1 : 0; });
    } else {
      other.onerror([&] { ++calls; });
    }
    RawClient client(failing.sim.loop, other.listen(0, "127.0.0.1"));
    client.send("no HTTP\r\n\r\n");
    CHECK(test::turnUntil(failing.sim.loop, [&] { return calls == 1; }));
  }
}
