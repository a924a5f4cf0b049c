#include "http/chain.h"

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>
#include <thread>

#include "http_server.h"

using namespace duplex;
using http::Routes;
using test::HttpServer;
using test::Reply;
using test::SimLoop;

namespace {

struct Fixture {
  SimLoop sim;
  HttpServer server{sim.loop};

  void says(std::string_view method, std::string_view path, std::string text) {
    server.on(method, path, [text](Request&, Response& res) { res.send(text); });
  }
  void onError(std::string_view path, std::string tag) {
    server.routes->addErrorHandler(Routes::Kind::Use, {}, path,
                                   [tag](const Error& error, Request&, Response& res, Next&) {
                                     res.status(error.status).send(tag + ": " + std::to_string(error.status));
                                   });
  }
  std::string body(std::string_view method, std::string_view target) {
    return server.request(method, target).body;
  }
};

struct Nothing final : http::UpgradeRoute {};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "the first that fits answers") {
  says("GET", "/users/me", "me");
  says("GET", "/users/:id", "user");
  says("GET", "/users/you", "never");
  says("*", "/any", "any");
  CHECK(body("GET", "/users/me") == "me");
  CHECK(body("GET", "/USERS/Me/") == "me");
  CHECK(body("GET", "/users/you") == "user");
  CHECK(body("PURGE", "/any") == "any");
  CHECK(body("GET", "/users/me?x=1") == "me");
}

TEST_CASE_FIXTURE(Fixture, "middleware runs in order, and passes values on") {
  server.on("", "/", [](Request& req, Response&, Next& next) {
    req.set("trail", std::string("a"));
    next();
  });
  server.on("", "/x", [](Request& req, Response& res, Next& next) {
    *req.value<std::string>("trail") += "b";
    res.set("X-Was-Here", "b");
    next();
  });
  server.on("GET", "/x/y", [](Request& req, Response& res) {
    CHECK(req.value<int>("trail") == nullptr);
    CHECK(req.value<std::string>("other") == nullptr);
    res.send(*req.value<std::string>("trail") + "c");
  });
  server.on("GET", "/z", [](Request& req, Response& res) { res.send(*req.value<std::string>("trail")); });
  const Reply reply = server.get("/x/y");
  CHECK(reply.body == "abc");
  CHECK(reply.header("X-Was-Here") == "b");
  CHECK(server.get("/z").body == "a");
}

TEST_CASE_FIXTURE(Fixture, "a mounted router sees what is below its prefix") {
  const auto inner = Ref<Routes>::adopt(new Routes);
  const auto innermost = Ref<Routes>::adopt(new Routes);
  inner->add(Routes::Kind::Method, "GET", "/", HttpServer::handler([](Request& req, Response& res) {
               res.send("root of " + std::string(req.baseUrl()) + std::string(req.path()));
             }));
  innermost->add(
      Routes::Kind::Method, "GET", "/leaf/:b", HttpServer::handler([](Request& req, Response& res) {
        res.send(std::string(req.baseUrl()) + " " + std::string(req.path()) + " " + std::string(req.url()) +
                 " " + std::string(req.params("a")) + std::string(req.params("b")));
      }));
  inner->mount("/in", innermost);
  server.routes->mount("/api/:a", inner);
  server.on("GET", "/api/:a/after", [](Request& req, Response& res) {
    res.send(std::string(req.path()) + "|" + std::string(req.baseUrl()));
  });
  CHECK(body("GET", "/api/1") == "root of /api/1/");
  CHECK(body("GET", "/api/1/in/leaf/2?q") == "/api/1/in /leaf/2 /api/1/in/leaf/2?q 12");
  CHECK(body("GET", "/api/1/after") == "/api/1/after|");
  CHECK(server.get("/api/1/nope").status == 404);
  CHECK_THROWS_AS(innermost->mount("/", inner), std::invalid_argument);
  CHECK_THROWS_AS(inner->mount("/", inner), std::invalid_argument);
}

TEST_CASE_FIXTURE(Fixture, "404, 405, 426, HEAD and OPTIONS by themselves") {
  says("GET", "/a", "a");
  says("POST", "/a", "posted");
  says("DELETE", "/b", "gone");
  server.routes->addUpgrade("/ws", std::make_unique<Nothing>());
  CHECK(server.get("/nowhere").status == 404);
  CHECK(server.get("/nowhere").body == "Not Found");

  const Reply head = server.request("HEAD", "/a");
  CHECK(head.status == 200);
  CHECK(head.header("Content-Length") == "1");

  const Reply wrong = server.request("PUT", "/a");
  CHECK(wrong.status == 405);
  CHECK(wrong.header("Allow") == "GET, HEAD, POST, OPTIONS");
  CHECK(server.get("/b").header("Allow") == "DELETE, OPTIONS");

  const Reply options = server.request("OPTIONS", "/a");
  CHECK(options.status == 204);
  CHECK(options.header("Allow") == "GET, HEAD, POST, OPTIONS");
  CHECK(options.header("Content-Length") == "");
  CHECK(server.request("OPTIONS", "/nowhere").status == 404);
  CHECK(server.request("OPTIONS", "*").status == 204);

  const Reply plain = server.get("/ws");
  CHECK(plain.status == 426);
  CHECK(plain.header("Upgrade") == "websocket");
  CHECK(plain.header("Connection") == "Upgrade");
  CHECK(server.request("POST", "/ws").status == 405);
  CHECK(server.errors.empty());
}

TEST_CASE_FIXTURE(Fixture, "a bad escape in a parameter is 400") {
  says("GET", "/users/:id", "user");
  CHECK(server.get("/users/%zz").status == 400);
  CHECK(server.get("/users/%").status == 400);
  onError("/", "custom");
  CHECK(body("GET", "/users/%00") == "custom: 400");
}

TEST_CASE_FIXTURE(Fixture, "errors go to the next error handler, and only there") {
  server.on("GET", "/throws", [](Request&, Response&) { throw std::runtime_error("secret detail"); });
  server.on("GET", "/passes", [](Request&, Response&, Next& next) {
    Error error(Errc::BadRequest);
    error.status = 418;
    next(error);
  });
  server.on("GET", "/late", [](Request&, Response&, Next& next) {
    next();
    throw std::runtime_error("after next");
  });
  says("", "/", "skipped for errors");

  SUBCASE("none: the default answers, without details") {
    const Reply reply = server.get("/throws");
    CHECK(reply.status == 500);
    CHECK(reply.body == "Internal Server Error");
    REQUIRE(server.errors.size() == 1);
    CHECK(server.errors[0].code == Errc::HandlerFailed);
    CHECK(server.errors[0].message.find("secret detail") != std::string::npos);
    CHECK(server.get("/passes").status == 418);
    CHECK(server.errors.size() == 1);
    CHECK(server.get("/late").status == 500);
  }
  SUBCASE("one answers") {
    onError("/", "first");
    onError("/", "second");
    CHECK(body("GET", "/throws") == "first: 500");
    CHECK(body("GET", "/passes") == "first: 418");
    CHECK(body("GET", "/other") == "skipped for errors");
    CHECK(server.errors.empty());
  }
  SUBCASE("one passes it on, one recovers, one throws itself") {
    server.routes->addErrorHandler(Routes::Kind::Use, {}, "/",
                                   [](const Error& error, Request& req, Response&, Next& next) {
                                     if (req.path() == "/throws") return next(error);
                                     if (req.path() == "/passes") return next();
                                     throw std::runtime_error("worse");
                                   });
    says("GET", "/passes", "recovered");
    onError("/", "last");
    CHECK(body("GET", "/throws") == "last: 500");
    CHECK(body("GET", "/passes") == "recovered");
    CHECK(body("GET", "/late") == "last: 500");
  }
  SUBCASE("not that of another path") {
    onError("/elsewhere", "elsewhere");
    CHECK(body("GET", "/throws") == "Internal Server Error");
  }
}

TEST_CASE_FIXTURE(Fixture, "an error in the midst of an answer cuts it, and no handler ends it well") {
  server.on("GET", "/stream", [](Request&, Response& res) {
    res.write("part");
    throw std::runtime_error("in the midst");
  });
  bool asked = false;
  server.routes->addErrorHandler(Routes::Kind::Use, {}, "/",
                                 [&](const Error&, Request&, Response& res, Next&) {
                                   asked = true;
                                   res.send("sorry");
                                 });
  const auto client = server.connect();
  client->send("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(client->closes());
  CHECK_FALSE(asked);
  CHECK_FALSE(client->received.ends_with("0\r\n\r\n"));
}

TEST_CASE_FIXTURE(Fixture, "errors leave a mounted router by its end") {
  const auto inner = Ref<Routes>::adopt(new Routes);
  inner->add(Routes::Kind::Method, "GET", "/x",
             HttpServer::handler([](Request&, Response&, Next& next) { next(Error(Errc::BodyTooLarge)); }));
  server.routes->mount("/in", inner);
  onError("/", "outer");
  CHECK(body("GET", "/in/x") == "outer: 413");
}

TEST_CASE_FIXTURE(Fixture, "a long chain needs no stack, and next works once") {
  int passed = 0;
  for (int i = 0; i < 20'000; ++i) {
    server.on("", "/", [&](Request&, Response&, Next& next) {
      ++passed;
      next();
      next();
      next(Error(Errc::BadRequest));
    });
  }
  int answered = 0;
  server.on("GET", "/", [&](Request&, Response& res) {
    ++answered;
    res.send("end");
  });
  CHECK(body("GET", "/") == "end");
  CHECK(passed == 20'000);
  CHECK(answered == 1);
}

TEST_CASE_FIXTURE(Fixture, "next may come later, or never") {
  std::optional<Next> kept;
  server.on("GET", "/later", [&](Request&, Response&, Next& next) { kept = next; });
  says("GET", "/later", "came");
  const auto client = server.connect();
  client->send("GET /later HTTP/1.1\r\nHost: a\r\n\r\n");
  REQUIRE(test::turnUntil(sim.loop, [&] { return kept.has_value(); }));
  (*kept)();
  CHECK(client->reply().body == "came");
  (*kept)();

  kept.reset();
  client->send("GET /later HTTP/1.1\r\nHost: a\r\n\r\n");
  REQUIRE(test::turnUntil(sim.loop, [&] { return kept.has_value(); }));
  kept.reset();
  CHECK(client->reply().status == 500);
  REQUIRE(server.errors.size() == 1);
  CHECK(server.errors[0].code == Errc::Unanswered);
}

TEST_CASE("next may come from another thread") {
  net::Loop loop("epoll");
  HttpServer server(loop);
  std::thread thread;
  server.on("GET", "/", [&](Request&, Response&, Next& next) {
    thread = std::thread([next = std::move(next)] { next(); });
  });
  server.on("GET", "/", [](Request&, Response& res) { res.send("came"); });
  CHECK(server.get("/").body == "came");
  thread.join();
  CHECK(server.errors.empty());
}

TEST_CASE_FIXTURE(Fixture, "a WebSocket request runs use, all and its own routes") {
  std::string trail;
  const auto mark = [&trail](const char* tag) {
    return [&trail, tag](Request&, Response&, Next& next) {
      trail += tag;
      next();
    };
  };
  server.on("", "/", mark("use "));
  server.on("*", "/ws", mark("all "));
  server.on("GET", "/ws", mark("get "));
  server.routes->add(Routes::Kind::Upgrade, {}, "/ws", HttpServer::handler(mark("before ")));
  server.routes->addUpgrade("/ws", std::make_unique<Nothing>());
  server.routes->addUpgrade("/ws", std::make_unique<Nothing>());
  server.context.upgrade = [&](http::Exchange& exchange, http::UpgradeRoute& route) {
    trail += &route == server.routes->layers()[4].upgrade.get() ? "first" : "other";
    exchange.connection->refuse(403, "X-Why: because\r\n");
  };
  const Reply reply = server.upgrade("/ws");
  CHECK(reply.status == 403);
  CHECK(reply.body == "Forbidden");
  CHECK(reply.header("X-Why") == "because");
  CHECK(reply.header("Connection") == "close");
  CHECK(trail == "use all before first");

  trail.clear();
  CHECK(server.upgrade("/nowhere").status == 404);
  CHECK(trail == "use ");
  trail.clear();
  CHECK(server.get("/ws").status == 426);
  CHECK(trail == "use all get ");
}

TEST_CASE_FIXTURE(Fixture, "what the chain answers a WebSocket request goes out as HTTP") {
  server.on("", "/",
            [](Request&, Response& res) { res.status(401).set("WWW-Authenticate", "Basic").send("who?"); });
  server.routes->addUpgrade("/ws", std::make_unique<Nothing>());
  const Reply reply = server.upgrade("/ws");
  CHECK(reply.status == 401);
  CHECK(reply.body == "who?");
  CHECK(reply.header("Connection") == "close");
}
