// From an HTTP request to a WebSocket: one chain of middleware, origins, subprotocols, refusals.
#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <duplex/duplex.h>

#include "support/loops.h"
#include "support/raw_client.h"

using namespace duplex;
using test::overEachBackend;
using test::RawClient;
using test::turnUntil;

namespace {

/// What `app` answers to `request`: all of it if the server closes, else the head.
std::string answerTo(net::Loop& loop, const Address& address, std::string_view request, bool closes = false) {
  RawClient client(loop, address);
  client.send(request);
  turnUntil(loop, [&] {
    return client.over() || (!closes && client.received.find("\r\n\r\n") != std::string::npos);
  });
  CHECK(client.over() == closes);
  return client.received;
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

std::string withOrigin(std::string_view origin) {
  return test::upgradeRequest("/", "Origin: " + std::string(origin) + "\r\n");
}

}  // namespace

TEST_CASE("the literal handshake with an absolute target: its authority wins over Host") {
  overEachBackend([](net::Loop& loop) {
    App app;
    std::string host;
    std::string url;
    app.ws("/", [&](WebSocket ws, const Request& req) {
      host = req.host();
      url = ws.url();
    });
    const std::string answer = answerTo(loop, app.listen(0, "127.0.0.1"),
                                        "GET ws://localhost:5000 HTTP/1.1\r\n"
                                        "Host: localhost\r\n"
                                        "Origin: http://localhost:5000\r\n"
                                        "Upgrade: websocket\r\n"
                                        "Connection: Upgrade\r\n"
                                        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                                        "Sec-WebSocket-Version: 13\r\n\r\n");
    CHECK(answer.starts_with("HTTP/1.1 101 "));
    CHECK(contains(answer, "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
    CHECK_FALSE(contains(answer, "Sec-WebSocket-Location"));
    CHECK_FALSE(contains(answer, "Sec-WebSocket-Protocol"));
    CHECK(host == "localhost:5000");
    CHECK(url == "ws://localhost:5000/");
  });
}

TEST_CASE("middleware answers before the 101, may add headers to it, and hands values on") {
  overEachBackend([](net::Loop& loop) {
    App app;
    std::string user;
    app.use([](Request& req, Response& res, Next& next) {
      if (req.query("token") == "good") {
        req.set("user", "ann");
        res.set("X-Seen", "yes").set("Content-Length", "5").set("Sec-WebSocket-Protocol", "mine");
        next();
      } else if (req.query("token") == "moved") {
        res.redirect("/login");
      } else {
        res.status(401).set("WWW-Authenticate", "Bearer").send("who are you?");
      }
    });
    app.ws("/chat/:room", [&](WebSocket ws, const Request& req) {
      user = *req.value<std::string>("user") + " in " + std::string(req.params("room"));
      CHECK(ws.request().params("room") == req.params("room"));
    });
    const Address address = app.listen(0, "127.0.0.1");
    const std::string refused = answerTo(loop, address, test::upgradeRequest("/chat/a"), true);
    CHECK(refused.starts_with("HTTP/1.1 401 "));
    CHECK(contains(refused, "WWW-Authenticate: Bearer\r\n"));
    CHECK(contains(refused, "who are you?"));
    const std::string moved = answerTo(loop, address, test::upgradeRequest("/chat/a?token=moved"), true);
    CHECK(moved.starts_with("HTTP/1.1 302 "));
    CHECK(user.empty());
    const std::string accepted = answerTo(loop, address, test::upgradeRequest("/chat/a%20b?token=good"));
    CHECK(accepted.starts_with("HTTP/1.1 101 "));
    CHECK(contains(accepted, "X-Seen: yes\r\n"));
    CHECK_FALSE(contains(accepted, "Content-Length"));
    CHECK_FALSE(contains(accepted, "mine"));
    CHECK(user == "ann in a b");
  });
}

TEST_CASE("a socket keeps what its request asked for, and the headers with a copy alone") {
  overEachBackend([](net::Loop& loop) {
    App app;
    std::vector<Request> copies;
    std::vector<std::string> seen;
    app.use([](Request& req, Response&, Next& next) {
      if (req.query("user") != "") req.set("user", std::string(req.query("user")));
      next();
    });
    app.ws("/rooms/:room", {.open =
                                [&](WebSocket ws, const Request& req) {
                                  CHECK(ws.request().header("X-Mine") == "yes");
                                  CHECK(ws.request().data() == req.data());
                                  if (req.query("copy") == "1") copies.push_back(req);
                                },
                            .message =
                                [&](WebSocket ws, const Message& message) {
                                  const Request& kept = ws.request();
                                  CHECK(kept.header("X-Mine") == "");
                                  CHECK(kept.remoteAddress() == ws.remoteAddress());
                                  const std::string* user = kept.value<std::string>("user");
                                  seen.push_back(std::string(kept.params("room")) + ' ' +
                                                 std::string(kept.query("user")) + ' ' +
                                                 (user == nullptr ? "nobody" : *user) + ' ' + ws.url());
                                  if (user == nullptr) kept.set("user", std::string(message.text()));
                                },
                            .close =
                                [](WebSocket ws, const CloseEvent&) {
                                  CHECK(ws.remoteAddress().ip() == "127.0.0.1");
                                  CHECK(ws.remoteAddress().port() != 0);
                                  CHECK(ws.request().remoteAddress() == ws.remoteAddress());
                                }});
    const Address address = app.listen(0, "127.0.0.1");
    std::vector<std::unique_ptr<RawClient>> clients;
    for (const char* target : {"/rooms/a", "/rooms/a", "/rooms/b?user=ann&copy=1"}) {
      clients.push_back(std::make_unique<RawClient>(loop, address));
      clients.back()->send(test::upgradeRequest(target, "X-Mine: yes\r\n") + test::clientFrame(0x81, "bob"));
      REQUIRE(turnUntil(loop, [&] { return seen.size() == clients.size(); }));
    }
    // What one has set is not the other's, though both asked for the same.
    const std::vector<std::string> expected{"a  nobody ws://localhost/rooms/a",
                                            "a  nobody ws://localhost/rooms/a",
                                            "b ann ann ws://localhost/rooms/b?user=ann&copy=1"};
    CHECK(seen == expected);
    clients.clear();
    REQUIRE(turnUntil(loop, [&] { return app.clients().empty(); }));
    REQUIRE(copies.size() == 1);
    CHECK(copies[0].header("X-Mine") == "yes");
    CHECK(*copies[0].value<std::string>("user") == "ann");
  });
}

TEST_CASE("middleware may take its time, and answer from a timer") {
  overEachBackend([](net::Loop& loop) {
    App app;
    app.use([](Request& req, Response& res, Next& next) {
      setTimeout(
          [req, res, next] {
            if (req.query("ok") == "1") {
              next();
            } else {
              res.status(403).send("no");
            }
          },
          Milliseconds(5));
    });
    int opened = 0;
    app.ws("/", [&](WebSocket ws) {
      ++opened;
      ws.send("in");
    });
    const Address address = app.listen(0, "127.0.0.1");
    CHECK(answerTo(loop, address, test::upgradeRequest("/"), true).starts_with("HTTP/1.1 403 "));
    CHECK(answerTo(loop, address, test::upgradeRequest("/?ok=1")).starts_with("HTTP/1.1 101 "));
    CHECK(opened == 1);
    // The client leaves before the answer.
    {
      RawClient gone(loop, address);
      gone.send(test::upgradeRequest("/?ok=1"));
      turnUntil(loop, [&] { return gone.connected; });
      for (int i = 0; i < 3; ++i) loop.turn(loop.now());
    }
    for (int i = 0; i < 30; ++i) loop.turn(loop.now() + Milliseconds(1));
  });
}

TEST_CASE("frames that come with the request are read after it") {
  overEachBackend([](net::Loop& loop) {
    App app;
    std::string received;
    app.ws("/",
           [&](WebSocket ws) { ws.onmessage([&](const Message& message) { received += message.text(); }); });
    RawClient client(loop, app.listen(0, "127.0.0.1"));
    client.send(test::upgradeRequest() + test::clientFrame(0x81, "one ") + test::clientFrame(0x01, "tw") +
                test::clientFrame(0x80, "o"));
    CHECK(turnUntil(loop, [&] { return received == "one two"; }));
  });
}

TEST_CASE("origins: the own one and none pass, foreign ones only if allowed") {
  overEachBackend([](net::Loop& loop) {
    const auto status = [&](Origins origins, std::string_view origin) {
      App app({.origins = std::move(origins)});
      app.ws("/", [](WebSocket) {});
      RawClient client(loop, app.listen(0, "127.0.0.1"));
      client.send(withOrigin(origin));
      turnUntil(loop, [&] { return client.received.find("\r\n") != std::string::npos; });
      return client.received.substr(9, 3);
    };
    CHECK(status({}, "http://localhost") == "101");
    CHECK(status({}, "HTTP://LOCALHOST") == "101");
    CHECK(status({}, "https://localhost") == "101");
    for (const char* foreign :
         {"http://evil.example", "http://localhost:8080", "http://localhost.evil.example",
          "http://evil.example/localhost", "null", "localhost", "file://"}) {
      CHECK(status({}, foreign) == "403");
    }
    CHECK(status({"http://a.example", "https://*.b.example"}, "http://a.example") == "101");
    CHECK(status({"https://*.b.example"}, "https://x.y.b.example") == "101");
    for (const char* foreign :
         {"https://b.example", "http://x.b.example", "https://x.b.example:444",
          "https://evil.example/.b.example", "https://xb.example", "https://.b.example"}) {
      CHECK(status({"https://*.b.example"}, foreign) == "403");
    }
    const auto allow = [](std::string_view origin, const Request& req) {
      return origin == "http://c.example" && req.path() == "/";
    };
    CHECK(status(allow, "http://c.example") == "101");
    CHECK(status(allow, "http://d.example") == "403");
    CHECK(status(Origins::any(), "null") == "101");
  });
}

TEST_CASE("subprotocols: only what the app chose among the offered") {
  overEachBackend([](net::Loop& loop) {
    App app;
    std::vector<std::string> seen;
    const auto note = [&](WebSocket ws) { seen.push_back(ws.protocol()); };
    app.ws("/none", note);
    app.ws("/list", {.open = note, .protocols = {"v2", "v1"}});
    app.ws("/choose",
           {.open = note, .selectProtocol = [](const Request&, std::span<const std::string> offered) {
              return offered.back();
            }});
    app.ws("/wrong", {.open = note, .selectProtocol = [](const Request&, std::span<const std::string>) {
                        return std::string("not offered");
                      }});
    const Address address = app.listen(0, "127.0.0.1");
    const std::string offer = "Sec-WebSocket-Protocol: v1, x\r\nSec-WebSocket-Protocol: v2\r\n";
    CHECK_FALSE(
        contains(answerTo(loop, address, test::upgradeRequest("/none", offer)), "Sec-WebSocket-Protocol"));
    CHECK(contains(answerTo(loop, address, test::upgradeRequest("/list", offer)),
                   "Sec-WebSocket-Protocol: v2\r\n"));
    CHECK(contains(answerTo(loop, address, test::upgradeRequest("/choose", offer)),
                   "Sec-WebSocket-Protocol: v2\r\n"));
    CHECK_FALSE(
        contains(answerTo(loop, address, test::upgradeRequest("/wrong", offer)), "Sec-WebSocket-Protocol"));
    CHECK(seen == std::vector<std::string>{"", "v2", "v2", ""});

    // A client that offered and got none fails, as a browser does; one that got one has it.
    WebSocket refused("ws://" + address.string() + "/none", {"a", "b"});
    WebSocket agreed("ws://" + address.string() + "/list", "v1");
    WebSocket listed("ws://" + address.string() + "/list", std::vector<std::string>{"v0", "v1"});
    bool failed = false;
    refused.onerror([&] { failed = true; });
    CHECK(agreed.protocol().empty());
    CHECK(turnUntil(loop, [&] {
      return failed && agreed.readyState() == ReadyState::Open && listed.readyState() == ReadyState::Open;
    }));
    CHECK(agreed.protocol() == "v1");
    CHECK(listed.protocol() == "v1");
    CHECK(agreed.extensions().empty());
  });
}

TEST_CASE("what an application's choice throws is 500, and told to the log") {
  overEachBackend([](net::Loop& loop) {
    App app;
    std::string report;
    app.onerror([&](const Error& error) { report = error.message; });
    app.ws("/", {.selectProtocol = [](const Request&, std::span<const std::string>) -> std::string {
             throw std::runtime_error("no choice");
           }});
    const std::string answer = answerTo(loop, app.listen(0, "127.0.0.1"),
                                        test::upgradeRequest("/", "Sec-WebSocket-Protocol: a\r\n"), true);
    CHECK(answer.starts_with("HTTP/1.1 500 "));
    CHECK_FALSE(contains(answer, "no choice"));
    CHECK(contains(report, "no choice"));
  });
}

TEST_CASE("draft-76's location is sent when asked for") {
  overEachBackend([](net::Loop& loop) {
    App app({.sendLocation = true});
    app.ws("/a", [](WebSocket) {});
    const std::string answer = answerTo(loop, app.listen(0, "127.0.0.1"), test::upgradeRequest("/a?b=c"));
    CHECK(contains(answer, "Sec-WebSocket-Location: ws://localhost/a?b=c\r\n"));
  });
}

TEST_CASE("a path without a ws route is 404 to a WebSocket, a ws route is 426 to plain HTTP") {
  overEachBackend([](net::Loop& loop) {
    App app;
    app.get("/page", [](Request&, Response& res) { res.send("page"); });
    app.ws("/socket", [](WebSocket) {});
    const Address address = app.listen(0, "127.0.0.1");
    CHECK(answerTo(loop, address, test::upgradeRequest("/page"), true).starts_with("HTTP/1.1 404 "));
    const std::string plain = answerTo(loop, address, "GET /socket HTTP/1.1\r\nHost: localhost\r\n\r\n");
    CHECK(plain.starts_with("HTTP/1.1 426 "));
    CHECK(contains(plain, "Upgrade: websocket\r\n"));
  });
}

TEST_CASE("what follows a refused handshake is not read as a request") {
  overEachBackend([](net::Loop& loop) {
    App app;
    int smuggled = 0;
    app.get("/smuggled", [&](Request&, Response& res) {
      ++smuggled;
      res.send("x");
    });
    app.ws("/", [](WebSocket) {});
    std::string request = test::upgradeRequest();
    request.replace(request.find("Version: 13"), 11, "Version: 12");
    const std::string answer = answerTo(loop, app.listen(0, "127.0.0.1"),
                                        request + "GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n", true);
    CHECK(answer.starts_with("HTTP/1.1 426 "));
    CHECK(contains(answer, "Sec-WebSocket-Version: 13\r\n"));
    CHECK(contains(answer, "Connection: Upgrade, close\r\n"));
    CHECK(smuggled == 0);
  });
}
