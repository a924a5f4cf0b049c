#include <duplex/response.h>

#include <doctest/doctest.h>

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

#include "http_server.h"

using namespace duplex;
using test::HttpServer;
using test::overEachBackend;
using test::Reply;
using test::SimLoop;
using test::turnUntil;

namespace {

struct Fixture {
  SimLoop sim;
  HttpServer server{sim.loop};

  template <class F>
  Reply answer(F f, std::string_view lines = {}) {
    server.on("GET", "/" + std::to_string(++routes), std::move(f));
    return server.get("/" + std::to_string(routes), lines);
  }
  int routes = 0;
};

}  // namespace

TEST_CASE("an empty response does nothing") {
  const Response response;
  response.status(404).set("A", "b").send("x");
  CHECK_FALSE(response.write("x"));
  CHECK(response.ended());
  response.onclose([] {});
}

TEST_CASE_FIXTURE(Fixture, "send") {
  const Reply text = answer([](Request&, Response& res) { res.send("<p>"); });
  CHECK(text.status == 200);
  CHECK(text.body == "<p>");
  CHECK(text.head.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(text.header("Content-Type") == "text/html; charset=utf-8");
  CHECK(text.header("Content-Length") == "3");
  CHECK(text.header("Date").ends_with(" GMT"));
  CHECK(text.header("ETag").starts_with("W/\""));
  CHECK(text.header("Connection") == "");

  const Reply bytes = answer([](Request&, Response& res) { res.send(asBytes(std::string_view("\0\1", 2))); });
  CHECK(bytes.header("Content-Type") == "application/octet-stream");
  CHECK(bytes.body == std::string_view("\0\1", 2));

  const Reply json = answer([](Request&, Response& res) { res.status(201).json("{}"); });
  CHECK(json.status == 201);
  CHECK(json.header("Content-Type") == "application/json; charset=utf-8");
  CHECK(json.header("ETag") == "");

  struct Value {
    std::string dump() const { return "[1]"; }
  };
  CHECK(answer([](Request&, Response& res) { res.json(Value()); }).body == "[1]");
  CHECK(answer([](Request&, Response& res) { res.type("css").send("x"); }).header("Content-Type") ==
        "text/css; charset=utf-8");
  CHECK(answer([](Request&, Response& res) { res.type("a/b").send("x"); }).header("Content-Type") == "a/b");
  CHECK(answer([](Request&, Response& res) { res.sendStatus(404); }).body == "Not Found");
}

TEST_CASE_FIXTURE(Fixture, "headers") {
  const Reply reply = answer([](Request&, Response& res) {
    res.set("X-A", "1").set("x-a", "2").append("X-B", "1").append("X-B", "2").set("X-C", "1").remove("x-c");
    CHECK(res.get("X-A") == "2");
    CHECK_THROWS_AS(res.set("X", "a\r\nSet-Cookie: b"), std::invalid_argument);
    CHECK_THROWS_AS(res.set("X\r\n", "a"), std::invalid_argument);
    CHECK_THROWS_AS(res.cookie("a", "b\r\n"), std::invalid_argument);
    CHECK_THROWS_AS(res.status(99), std::invalid_argument);
    CHECK_THROWS_AS(res.status(101), std::invalid_argument);
    CHECK_THROWS_AS(res.redirect(200, "/"), std::invalid_argument);
    // Framing is not the handler's.
    res.set("Content-Length", "1000").set("Transfer-Encoding", "chunked").set("Connection", "keep-alive");
    res.cookie("id", "7").clearCookie("old");
    res.send("body");
    res.set("X-Late", "1").status(500);
    res.send("again");
    CHECK(res.headersSent());
    CHECK(res.ended());
  });
  CHECK(reply.status == 200);
  CHECK(reply.header("x-a") == "2");
  CHECK(reply.head.find("X-A") == std::string::npos);
  CHECK(reply.head.find("X-B: 1\r\nX-B: 2\r\n") != std::string::npos);
  CHECK(reply.header("X-C") == "");
  CHECK(reply.header("X-Late") == "");
  CHECK(reply.header("Content-Length") == "4");
  CHECK(reply.header("Transfer-Encoding") == "");
  CHECK(reply.head.find("Set-Cookie: id=7; Path=/; HttpOnly; SameSite=Lax\r\n") != std::string::npos);
  CHECK(reply.head.find("Set-Cookie: old=; Path=/; Max-Age=0;") != std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "a redirect cannot be split") {
  const Reply plain = answer([](Request&, Response& res) { res.redirect("/a?b=c"); });
  CHECK(plain.status == 302);
  CHECK(plain.header("Location") == "/a?b=c");
  const Reply evil =
      answer([](Request&, Response& res) { res.redirect(308, "/a b\r\nSet-Cookie: x=y\xc3\xa9"); });
  CHECK(evil.status == 308);
  CHECK(evil.header("Location") == "/a%20b%0D%0ASet-Cookie:%20x=y%C3%A9");
  CHECK(evil.header("Set-Cookie") == "");
}

TEST_CASE_FIXTURE(Fixture, "a body that the client has already is not sent again") {
  server.on("GET", "/", [](Request&, Response& res) { res.send("hello"); });
  const std::string tag = server.get("/").header("ETag");
  const Reply fresh = server.get("/", "If-None-Match: \"x\", " + tag + "\r\n");
  CHECK(fresh.status == 304);
  CHECK(fresh.header("ETag") == tag);
  CHECK(fresh.header("Content-Type") == "");
  CHECK(fresh.header("Content-Length") == "");
  CHECK(server.get("/", "If-None-Match: W/\"other\"\r\n").status == 200);
  CHECK(server.request("HEAD", "/", "If-None-Match: " + tag + "\r\n").status == 304);
  const Reply own = answer([](Request&, Response& res) { res.set("ETag", "\"v1\"").send("x"); },
                           "If-None-Match: \"v1\"\r\n");
  CHECK(own.status == 304);
}

TEST_CASE_FIXTURE(Fixture, "HEAD, 204 and 304 have no body, and the connection goes on") {
  server.on("GET", "/text", [](Request&, Response& res) { res.send("hello"); });
  server.on("GET", "/stream", [](Request&, Response& res) {
    res.write("a");
    res.end("b");
  });
  server.on("GET", "/204", [](Request&, Response& res) { res.status(204).send("ignored"); });
  server.on("GET", "/304", [](Request&, Response& res) { res.status(304).end("ignored"); });
  const auto client = server.connect();
  for (const char* request : {"HEAD /text", "HEAD /stream", "GET /204", "GET /304", "GET /text"}) {
    client->send(std::string(request) + " HTTP/1.1\r\nHost: a\r\n\r\n");
  }
  CHECK(client->reply("HEAD").header("Content-Length") == "5");
  CHECK(client->reply("HEAD").header("Transfer-Encoding") == "chunked");
  CHECK(client->reply().status == 204);
  CHECK(client->reply().status == 304);
  CHECK(client->reply().body == "hello");
}

TEST_CASE_FIXTURE(Fixture, "streaming") {
  const auto stream = [](Request&, Response& res) {
    CHECK(res.write("one "));
    CHECK(res.headersSent());
    CHECK_FALSE(res.ended());
    res.write("");
    res.write(asBytes("two "));
    res.end("three");
    CHECK_FALSE(res.write("four"));
  };
  server.on("GET", "/", stream);
  const Reply chunked = server.get("/");
  CHECK(chunked.header("Transfer-Encoding") == "chunked");
  CHECK(chunked.body == "one two three");

  const auto old = server.connect();
  old->send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  const Reply untilClose = old->reply();
  CHECK(untilClose.body == "one two three");
  CHECK(untilClose.header("Connection") == "close");

  const Reply counted = answer([](Request&, Response& res) {
    res.set("Content-Length", "5");
    res.write("hello, and more than was promised");
    res.end();
  });
  CHECK(counted.header("Content-Length") == "5");
  CHECK(counted.body == "hello");
  CHECK(answer([](Request&, Response& res) { res.end(); }).header("Content-Length") == "0");
  CHECK(answer([](Request&, Response& res) { res.end("x"); }).header("Content-Length") == "1");
}

TEST_CASE_FIXTURE(Fixture, "an answer that falls short of its promise ends the connection") {
  server.on("GET", "/short", [](Request&, Response& res) {
    res.set("Content-Length", "10");
    res.write("hello");
    res.end();
  });
  server.on("GET", "/dropped", [](Request&, Response& res) { res.write("half"); });
  server.on("GET", "/thrown", [](Request&, Response& res) {
    res.write("half");
    throw std::runtime_error("x");
  });
  for (const char* path : {"/short", "/dropped", "/thrown"}) {
    const auto client = server.connect();
    client->send("GET " + std::string(path) + " HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(client->closes());
    CHECK(test::takeReply(client->received).status == 0);
  }
  CHECK(server.errors.size() == 3);
}

TEST_CASE_FIXTURE(Fixture, "a handler that answers nothing gives 500") {
  CHECK(answer([](Request&, Response&) {}).status == 500);
  REQUIRE(server.errors.size() == 1);
  CHECK(server.errors[0].code == Errc::Unanswered);
}

TEST_CASE("write tells when to wait, and ondrain when to go on") {
  overEachBackend([](net::Loop& loop) {
    HttpServer server(loop);
    const std::string part(100'000, 'x');
    int parts = 0;
    server.on("GET", "/", [&](Request&, Response& res) {
      const auto more = [&parts, &part, res] {
        while (++parts < 30) {
          if (!res.write(part)) return;
        }
        res.end("end");
      };
      res.ondrain(more);
      more();
      // One part is more than a peer takes at once: the rest waits.
      CHECK(parts == 1);
    });
    const auto client = server.connect();
    client->send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(client->reply().body.size() == 29 * part.size() + 3);
    CHECK(parts == 30);
  });
}

TEST_CASE("a response is answered from another thread") {
  net::Loop loop("epoll");
  HttpServer server(loop);
  std::thread thread;
  const auto elsewhere = [&](auto f) {
    return [&thread, f](Request&, Response& res) {
      thread = std::thread([f, res = std::move(res)] { f(res); });
    };
  };
  server.on("GET", "/send",
            elsewhere([](const Response& res) { res.status(202).set("X", "y").send("sent"); }));
  server.on("GET", "/write", elsewhere([](const Response& res) {
              res.write("a");
              res.write("b");
              res.end("c");
              res.send("no effect");
            }));
  server.on("GET", "/redirect", elsewhere([](const Response& res) { res.redirect("/x"); }));
  server.on("GET", "/file", elsewhere([](const Response& res) { res.sendFile("/dev/null/none"); }));
  server.on("GET", "/nothing", elsewhere([](const Response&) {}));
  const auto body = [&](std::string_view path) {
    const Reply reply = server.get(path);
    thread.join();
    return std::to_string(reply.status) + " " + reply.body;
  };
  CHECK(body("/send") == "202 sent");
  CHECK(body("/write") == "200 abc");
  CHECK(body("/redirect") == "302 Found. Redirecting to /x");
  CHECK(body("/file") == "404 Not Found");
  CHECK(body("/nothing") == "500 Internal Server Error");
}

TEST_CASE("clients that leave while other threads answer") {
  net::Loop loop("epoll");
  HttpServer server(loop);
  std::vector<std::thread> threads;
  server.on("GET", "/", [&](Request&, Response& res) {
    threads.emplace_back([res = std::move(res)] {
      for (int i = 0; i < 20; ++i) res.write("x");
      res.end();
    });
  });
  for (int i = 0; i < 50; ++i) {
    const auto client = server.connect();
    client->send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    const std::size_t before = threads.size();
    CHECK(turnUntil(loop, [&] { return threads.size() > before; }));
    client->leave(i % 2 == 0);
    loop.turn(loop.now());
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(turnUntil(loop, [&] { return server.connections.empty(); }));
}

TEST_CASE_FIXTURE(Fixture, "what a drain or close handler throws is reported") {
  std::optional<Response> kept;
  server.on("GET", "/", [&](Request&, Response& res) {
    res.onclose([] { throw std::runtime_error("in onclose"); });
    kept = res;
  });
  const auto client = server.connect();
  client->send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  REQUIRE(turnUntil(sim.loop, [&] { return kept.has_value(); }));
  client->leave(true);
  CHECK(turnUntil(sim.loop, [&] { return server.connections.empty(); }));
  CHECK(std::any_of(server.errors.begin(), server.errors.end(), [](const Error& error) {
    return error.message.find("in onclose") != std::string::npos;
  }));
}
