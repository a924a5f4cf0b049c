#include <duplex/request.h>

#include <doctest/doctest.h>

#include <optional>
#include <string>

#include "http/exchange.h"
#include "http_server.h"

using namespace duplex;
using test::HttpServer;
using test::Reply;
using test::SimLoop;

TEST_CASE("an empty request has nothing") {
  const Request request;
  CHECK(request.method() == "");
  CHECK(request.path() == "");
  CHECK(request.header("Host") == "");
  CHECK(request.params().empty());
  CHECK(request.query().empty());
  CHECK(request.cookies("a") == "");
  CHECK(request.body().empty());
  CHECK_FALSE(request.isUpgrade());
  request.set("x", std::string("y"));
  CHECK(request.value<std::string>("x") == nullptr);
}

TEST_CASE("what a handler finds in a request") {
  SimLoop sim;
  HttpServer server(sim.loop);
  int calls = 0;
  server.on("POST", "/users/:id", [&](Request& req, Response& res) {
    ++calls;
    CHECK(req.method() == "POST");
    CHECK(req.url() == "/users/a%20b?x=1&y=a+b&x=2");
    CHECK(req.path() == "/users/a%20b");
    CHECK(req.baseUrl() == "");
    CHECK(req.host() == "a");
    CHECK(req.protocol() == "http");
    CHECK(req.params("id") == "a b");
    CHECK(req.params("none") == "");
    CHECK(req.query("x") == "1");
    CHECK(req.query("y") == "a b");
    CHECK(req.query().size() == 3);
    CHECK(req.header("x-list") == "1, 2");
    CHECK(req.header("X-LIST").data() == req.header("x-list").data());
    CHECK(req.header("Cookie") == "a=1; b=2");
    CHECK(req.headers().size() == 8);
    CHECK(req.cookies("b") == "2");
    CHECK(req.cookies().size() == 2);
    CHECK(req.text() == "{\"a\":1}");
    CHECK(req.body().size() == 7);
    CHECK(req.is("json"));
    CHECK_FALSE(req.is("html"));
    CHECK(req.accepts({"html", "json"}) == "json");
    CHECK(req.remoteAddress().ip() == "127.0.0.1");
    CHECK_FALSE(req.isUpgrade());
    res.end();
  });
  const Reply reply =
      server.request("POST", "/users/a%20b?x=1&y=a+b&x=2",
                     "X-List: 1\r\nX-List: 2\r\nCookie: a=1\r\nCookie: b=2\r\n"
                     "Content-Type: application/json; charset=utf-8\r\nAccept: application/json\r\n",
                     "{\"a\":1}");
  CHECK(reply.status == 200);
  CHECK(calls == 1);
}

TEST_CASE("a copy keeps all views alive, past the answer and the connection") {
  std::optional<Request> kept;
  std::string_view path;
  std::string_view param;
  std::string_view list;
  std::string_view text;
  {
    SimLoop sim;
    HttpServer server(sim.loop);
    server.on("POST", "/:p", [&](Request& req, Response& res) {
      kept = req;
      path = req.path();
      param = req.params("p");
      list = req.header("x");
      text = req.text();
      res.send("x");
    });
    server.on("GET", "/*", [](Request&, Response& res) { res.send("other"); });
    const auto client = server.connect();
    client->send(
        "POST /a%20b HTTP/1.1\r\nHost: a\r\nX: 1\r\nX: 2\r\nContent-Length: 4\r\n\r\nbodyGET /x "
        "HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(client->reply().body == "x");
    CHECK(client->reply().body == "other");
  }
  CHECK(path == "/a%20b");
  CHECK(param == "a b");
  CHECK(list == "1, 2");
  CHECK(text == "body");
  CHECK(kept->params("p") == "a b");
}

TEST_CASE("values end with the request, whatever their type") {
  struct Counted {
    explicit Counted(int& counter) : alive(&counter) { ++*alive; }
    Counted(Counted&& other) noexcept : alive(other.alive) { ++*alive; }
    ~Counted() { --*alive; }
    int* alive;
  };
  int alive = 0;
  {
    SimLoop sim;
    HttpServer server(sim.loop);
    server.on("GET", "/", [&](Request& req, Response& res) {
      req.set("a", Counted(alive));
      req.set("a", Counted(alive));
      req.set("b", Counted(alive));
      req.set("text", "literal");
      CHECK(alive == 2);
      CHECK(req.value<Counted>("a") != nullptr);
      CHECK(req.value<std::string>("a") == nullptr);
      CHECK(*req.value<std::string>("text") == "literal");
      res.end();
    });
    CHECK(server.get("/").status == 200);
  }
  CHECK(alive == 0);
}

TEST_CASE("the target's authority wins over Host") {
  SimLoop sim;
  HttpServer server(sim.loop);
  server.on("GET", "/", [](Request& req, Response& res) {
    res.send(std::string(req.host()) + " " + std::string(req.url()) + " " + std::string(req.path()));
  });
  const auto client = server.connect();
  client->send("GET ws://localhost:5000 HTTP/1.1\r\nHost: localhost\r\n\r\n");
  CHECK(client->reply().body == "localhost:5000 / /");
}
