#include <duplex/router.h>

#include <doctest/doctest.h>

#include <functional>
#include <stdexcept>
#include <string>

#include <duplex/app.h>
#include <duplex/loop.h>
#include <duplex/static.h>

#include "support/loops.h"

using namespace duplex;

namespace {

/// Sends one request to an app and waits for the answer's end.
class Asker final : net::SocketHandler {
 public:
  explicit Asker(net::Loop& loop) : loop_(loop) {}

  /// The status and the body, "200 text".
  std::string ask(const Address& address, std::string_view method, std::string_view target) {
    received_.clear();
    ended_ = false;
    socket_ = &loop_.connect(address, *this);
    socket_->output().append(std::string(method) + " " + std::string(target) +
                             " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    CHECK(test::turnUntil(loop_, [this] { return ended_; }));
    if (socket_ != nullptr) socket_->close();
    const std::size_t end = received_.find("\r\n\r\n");
    if (end == std::string::npos) return received_;
    return received_.substr(9, 3) + " " + received_.substr(end + 4);
  }

 private:
  void onData(MutableBytes bytes) override { received_ += asText(bytes); }
  void onEnd() override { ended_ = true; }
  void onFailed(std::error_code) override {
    socket_ = nullptr;
    ended_ = true;
  }

  net::Loop& loop_;
  net::Socket* socket_ = nullptr;
  std::string received_;
  bool ended_ = false;
};

struct Fixture {
  net::Loop loop{"epoll"};
  App app;
  Asker asker{loop};

  std::string ask(std::string_view method, std::string_view target) {
    if (address == Address()) address = app.listen(0, "127.0.0.1");
    return asker.ask(address, method, target);
  }
  Address address;
};

auto says(std::string text) {
  return [text](Request&, Response& res) { res.send(text); };
}

}  // namespace

TEST_CASE_FIXTURE(Fixture, "every method has its member") {
  app.get("/x", says("get")).post("/x", says("post")).put("/x", says("put"));
  app.patch("/x", says("patch")).del("/x", says("del")).method("PURGE", "/x", says("purge"));
  app.all("/y", says("all"));
  CHECK(ask("GET", "/x") == "200 get");
  CHECK(ask("POST", "/x") == "200 post");
  CHECK(ask("PUT", "/x") == "200 put");
  CHECK(ask("PATCH", "/x") == "200 patch");
  CHECK(ask("DELETE", "/x") == "200 del");
  CHECK(ask("PURGE", "/x") == "200 purge");
  CHECK(ask("OTHER", "/y") == "200 all");
  CHECK(ask("OTHER", "/x") == "405 Method Not Allowed");
}

TEST_CASE_FIXTURE(Fixture, "several handlers of a route run one after the other") {
  app.get(
      "/",
      [](Request& req, Response&, Next& next) {
        req.set("a", 1);
        next();
      },
      [](Request& req, Response&, Next& next) {
        *req.value<int>("a") += 1;
        next();
      },
      [](Request& req, Response& res) { res.send(std::to_string(*req.value<int>("a"))); });
  CHECK(ask("GET", "/") == "200 2");
}

TEST_CASE_FIXTURE(Fixture, "route and mounted routers") {
  app.route("/book").get(says("read")).post(says("write")).all(says("any"));
  Router api;
  app.use("/api", api);
  // A copy refers to the same routes, which may be added after mounting.
  Router same(api);
  same.get("/users/:id", [](Request& req, Response& res) {
    res.send(std::string(req.baseUrl()) + "|" + std::string(req.path()) + "|" +
             std::string(req.params("id")));
  });
  app.use(
      [](const Error& error, Request&, Response& res, Next&) { res.status(error.status).send("handled"); });
  api.get("/throws", [](Request&, Response&) { throw std::runtime_error("x"); });
  CHECK(ask("GET", "/book") == "200 read");
  CHECK(ask("POST", "/book") == "200 write");
  CHECK(ask("PUT", "/book") == "200 any");
  CHECK(ask("GET", "/api/users/7") == "200 /api|/users/7|7");
  CHECK(ask("GET", "/api/throws") == "500 handled");
}

TEST_CASE_FIXTURE(Fixture, "a ws route with a handler of its own before it") {
  app.ws(
      "/ws", [](Request&, Response& res, Next&) { res.status(401).send("no"); }, [](WebSocket) {});
  CHECK(ask("GET", "/ws") == "426 Upgrade Required");
  CHECK(ask("GET", "/ws/x") == "404 Not Found");
}

TEST_CASE_FIXTURE(Fixture, "misuse is told while setting up") {
  CHECK_THROWS_AS(app.get("/:", says("x")), std::invalid_argument);
  CHECK_THROWS_AS(app.use(app), std::invalid_argument);
  Router a;
  Router b;
  a.use("/b", b);
  CHECK_THROWS_AS(b.use("/a", a), std::invalid_argument);
  CHECK_THROWS_AS(app.get("/", Router()), std::invalid_argument);
  CHECK_THROWS_AS(serveStatic("/no/such/folder"), std::system_error);
}

TEST_CASE("handlers move, and empty ones are refused") {
  Router router;
  Handler handler{Router()};
  Handler moved(std::move(handler));
  CHECK(handler.routes == nullptr);
  router.use("/", std::move(moved));
  Handler empty([](Request&, Response&, Next&) {});
  empty.onRequest = {};
  CHECK_THROWS_AS(router.use(std::move(empty)), std::invalid_argument);
  void (*none)(Request&, Response&) = nullptr;
  CHECK_THROWS_AS(router.get("/", none), std::invalid_argument);
  CHECK_THROWS_AS(router.get("/", std::function<void(Request&, Response&)>()), std::invalid_argument);
}
