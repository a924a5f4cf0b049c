// Handlers of requests, and middleware, that are coroutines: over each back end.
#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include <duplex/duplex.h>

#include "http/http_server.h"
#include "support/coroutine_pair.h"
#include "support/loops.h"
#include "support/raw_client.h"

using namespace duplex;
using namespace std::chrono_literals;
using test::overEachBackend;
using test::Probe;
using test::Reply;
using test::turnUntil;

namespace {

/// What a GET of `target` is answered.
Reply get(net::Loop& loop, const Address& address, const std::string& target) {
  test::Client client(loop, address);
  client.send("GET " + target + " HTTP/1.1\r\nHost: a\r\nX-Name: Ann\r\n\r\n");
  return client.reply();
}

Task<std::string> greeting(Request& req) {
  co_await Loop::sleep(1ms);
  co_return "Hello, " + std::string(req.header("X-Name"));
}

}  // namespace

TEST_CASE("a handler may answer at once or after a while; its request stays whole") {
  overEachBackend([](net::Loop& loop) {
    App app;
    app.get("/now", [](Request&, Response& res) -> Task<> {
      res.send("now");
      co_return;
    });
    app.get("/later/:what", [](Request& req, Response& res) -> Task<> {
      const std::string text = co_await greeting(req);
      res.send(text + ", " + std::string(req.params("what")));
    });
    const Address address = app.listen(0, "127.0.0.1");
    CHECK(get(loop, address, "/now").body == "now");
    CHECK(get(loop, address, "/later/tea").body == "Hello, Ann, tea");
  });
}

TEST_CASE("requests of one connection are answered in order, though the first takes longer") {
  overEachBackend([](net::Loop& loop) {
    App app;
    app.get("/:ms", [](Request& req, Response& res) -> Task<> {
      co_await Loop::sleep(std::chrono::milliseconds(std::stoi(std::string(req.params("ms")))));
      res.send(req.params("ms"));
    });
    test::Client client(loop, app.listen(0, "127.0.0.1"));
    client.send("GET /20 HTTP/1.1\r\nHost: a\r\n\r\nGET /0 HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(client.reply().body == "20");
    CHECK(client.reply().body == "0");
  });
}

TEST_CASE("middleware hands on with next(), and with co_await next goes on when that is answered") {
  overEachBackend([](net::Loop& loop) {
    App app;
    std::vector<std::string> log;
    app.use([&](Request& req, Response& res, Next& next) -> Task<> {
      log.push_back("before " + std::string(req.path()));
      co_await next;
      log.push_back("after " + std::to_string(res.statusCode()));
    });
    app.use([&](Request&, Response&, Next& next) -> Task<> {
      co_await Loop::sleep(1ms);
      next();
      log.push_back("handed on");
    });
    app.get("/at-once", [&](Request&, Response& res) {
      log.push_back("answer");
      res.status(201).send("x");
    });
    app.get("/later", [&](Request&, Response& res) -> Task<> {
      co_await Loop::sleep(5ms);
      log.push_back("answer");
      res.sendStatus(202);
    });
    app.get("/never", [&](Request&, Response&) { log.push_back("forgotten"); });
    const Address address = app.listen(0, "127.0.0.1");
    const auto logOf = [&](const std::string& target, int status) {
      log.clear();
      CHECK(get(loop, address, target).status == status);
      REQUIRE(turnUntil(loop, [&] { return !log.empty() && log.back().starts_with("after"); }));
      std::string all;
      for (const std::string& entry : log) all += entry + ", ";
      return all;
    };
    // The one that is called from a later task runs within that.
    CHECK(logOf("/at-once", 201) == "before /at-once, answer, handed on, after 201, ");
    CHECK(logOf("/later", 202) == "before /later, handed on, answer, after 202, ");
    CHECK(logOf("/nowhere", 404) == "before /nowhere, handed on, after 404, ");
    // Who waits for the answer does not count as one who can still give it.
    CHECK(logOf("/never", 500) == "before /never, forgotten, handed on, after 500, ");
  });
}

TEST_CASE("middleware that answers later keeps a socket from being opened, or lets it through") {
  overEachBackend([](net::Loop& loop) {
    App app;
    int passed = 0;
    int status = 0;
    const auto guard = [&](Request& req, Response& res, Next& next) -> Task<> {
      co_await Loop::sleep(2ms);
      if (req.query("key").empty()) {
        res.sendStatus(401);
        co_return;
      }
      co_await next;
      status = res.statusCode();
      ++passed;
    };
    app.ws("/", guard, [](WebSocket ws) { ws.send("in"); });
    const Address address = app.listen(0, "127.0.0.1");
    test::RawClient without(loop, address);
    without.send(test::upgradeRequest());
    REQUIRE(turnUntil(loop, [&] { return without.received.find("\r\n\r\n") != std::string::npos; }));
    CHECK(without.received.starts_with("HTTP/1.1 401 "));
    test::RawClient with(loop, address);
    with.send(test::upgradeRequest("/?key=1"));
    REQUIRE(turnUntil(loop, [&] { return with.received.ends_with("in"); }));
    CHECK(with.received.starts_with("HTTP/1.1 101 "));
    CHECK(turnUntil(loop, [&] { return passed == 1; }));
    CHECK(status == 101);
  });
}

TEST_CASE("what a handler throws, now or later, goes to the error handlers, which may be coroutines") {
  overEachBackend([](net::Loop& loop) {
    App app;
    std::vector<std::string> reports;
    app.onerror([&](const Error& error) { reports.push_back(error.message); });
    for (const bool now : {true, false}) {
      const std::string prefix = now ? "/now" : "/later";
      app.get(prefix + "/plain", [now](Request&, Response&) -> Task<> {
        if (!now) co_await Loop::sleep(1ms);
        throw std::runtime_error("no good");
      });
      app.get(prefix + "/status", [now](Request&, Response&) -> Task<> {
        if (!now) co_await Loop::sleep(1ms);
        throw std::system_error(make_error_code(Errc::BadRequest));
      });
      app.get(prefix + "/handled", [now](Request&, Response&) -> Task<> {
        if (!now) co_await Loop::sleep(1ms);
        throw std::runtime_error("handled");
      });
    }
    app.use([](const Error& error, Request& req, Response& res, Next& next) -> Task<> {
      co_await Loop::sleep(1ms);
      if (req.path().ends_with("/handled")) {
        res.status(503).send(error.message);
      } else {
        next(error);
      }
    });
    const Address address = app.listen(0, "127.0.0.1");
    for (const std::string prefix : {"/now", "/later"}) {
      reports.clear();
      CHECK(get(loop, address, prefix + "/plain").status == 500);
      REQUIRE(reports.size() == 1);
      CHECK(reports[0].find("no good") != std::string::npos);
      CHECK(get(loop, address, prefix + "/status").status == 400);
      const Reply reply = get(loop, address, prefix + "/handled");
      CHECK(reply.status == 503);
      CHECK(reply.body.find("handled") != std::string::npos);
    }
  });
}

TEST_CASE("a handler that ends without an answer: 500, when it has ended and not before") {
  overEachBackend([](net::Loop& loop) {
    App app;
    bool ended = false;
    app.get("/", [&](Request&, Response&) -> Task<> {
      co_await Loop::sleep(10ms);
      ended = true;
    });
    CHECK(get(loop, app.listen(0, "127.0.0.1"), "/").status == 500);
    CHECK(ended);
  });
}

TEST_CASE("what is thrown after the answer goes to the log alone") {
  overEachBackend([](net::Loop& loop) {
    App app;
    std::vector<std::string> reports;
    app.onerror([&](const Error& error) { reports.push_back(error.message); });
    app.get("/", [](Request&, Response& res) -> Task<> {
      res.send("answered");
      co_await Loop::sleep(2ms);
      throw std::runtime_error("too late");
    });
    CHECK(get(loop, app.listen(0, "127.0.0.1"), "/").body == "answered");
    REQUIRE(turnUntil(loop, [&] { return reports.size() == 1; }));
    CHECK(reports[0].find("too late") != std::string::npos);
  });
}

TEST_CASE(
    "a handler whose client leaves runs on, and can tell; middleware that waits for the answer goes on") {
  overEachBackend([](net::Loop& loop) {
    App app;
    int alive = 0;
    std::optional<bool> left;
    bool passed = false;
    app.use([&](Request&, Response&, Next& next) -> Task<> {
      const Probe probe(alive);
      co_await next;
      passed = true;
    });
    app.get("/", [&](Request&, Response& res) -> Task<> {
      const Probe probe(alive);
      co_await Loop::sleep(20ms);
      left = res.ended();
      res.send("to nobody");
    });
    const Address address = app.listen(0, "127.0.0.1");
    {
      test::Client client(loop, address);
      client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      REQUIRE(turnUntil(loop, [&] { return alive == 2; }));
      client.leave(true);
    }
    REQUIRE(turnUntil(loop, [&] { return left.has_value() && alive == 0; }));
    CHECK(*left);
    CHECK(passed);
  });
}

TEST_CASE("an app that goes takes the tasks of its requests along") {
  overEachBackend([](net::Loop& loop) {
    int alive = 0;
    {
      App app;
      app.use([&](Request&, Response&, Next& next) -> Task<> {
        const Probe probe(alive);
        co_await next;
      });
      app.get("/", [&](Request&, Response&) -> Task<> {
        const Probe probe(alive);
        co_await Loop::sleep(24h);
      });
      const Address address = app.listen(0, "127.0.0.1");
      test::Client client(loop, address);
      client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      REQUIRE(turnUntil(loop, [&] { return alive == 2; }));
    }
    CHECK(alive == 0);
    for (int i = 0; i < 5; ++i) loop.turn(loop.now());
  });
}

TEST_CASE("handlers of an app on several threads wait each on its own") {
  net::Loop loop("epoll");
  App app({.threads = 3});
  app.get("/", [](Request&, Response& res) -> Task<> {
    co_await Loop::sleep(5ms);
    res.send("late");
  });
  const Address address = app.listen(0, "127.0.0.1");
  std::vector<std::unique_ptr<test::Client>> clients;
  for (int i = 0; i < 30; ++i) {
    clients.push_back(std::make_unique<test::Client>(loop, address));
    clients.back()->send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  }
  for (const auto& client : clients) CHECK(client->receives("late"));
}
