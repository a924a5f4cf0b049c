// A client that is sent elsewhere, over each back end.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include <duplex/duplex.h>

#include "support/loops.h"

using namespace duplex;
using test::overEachBackend;
using test::SimLoop;
using test::turnUntil;

namespace {

/// A server that redirects and one that takes who comes, and what each was asked for with.
struct Server {
  explicit Server(const std::string& as) : name(as) {
    app.use([this](Request& req, Response&, Next& next) {
      seen.push_back(name + std::string(req.url()) + " " + std::string(req.header("Authorization")) + "|" +
                     std::string(req.header("Cookie")) + "|" + std::string(req.header("X-Key")));
      next();
    });
    app.all("/to", [](Request& req, Response& res) {
      const std::string code(req.query("code"));
      res.redirect(code.empty() ? 302 : std::stoi(code), std::string(req.query("where")));
    });
    app.all("/none", [](Request&, Response& res) { res.status(302).send(""); });
    app.ws("/here", [](WebSocket ws) { ws.send("here"); });
    base = app.listen(0, "127.0.0.1").string();
  }

  std::string name;
  App app;
  std::string base;
  std::vector<std::string> seen;
};

struct Outcome {
  std::string text;
  std::string url;
  std::error_code code;
  int status = 0;
};

Outcome follow(net::Loop& loop, const std::string& url, unsigned maxRedirects) {
  Outcome outcome;
  WebSocket ws(url, {.headers = {{"X-Key", "key"}}, .cookies = {{"a", "b"}}, .maxRedirects = maxRedirects});
  ws.onmessage([&](const Message& message) {
    outcome.text = std::string(message.text());
    outcome.url = ws.url();
    ws.close(1000);
  });
  ws.onerror([&](const Error& error) {
    outcome.code = error.code;
    outcome.status = error.status;
  });
  int closes = 0;
  ws.onclose([&] { ++closes; });
  REQUIRE(turnUntil(loop, [&] { return closes != 0; }));
  CHECK(closes == 1);
  return outcome;
}

constexpr auto secrets = " Basic dTpw|a=b|key";
constexpr auto nothing = " ||";

}  // namespace

TEST_CASE("every kind of redirect on one origin, with all that belongs to it") {
  overEachBackend([](net::Loop& loop) {
    Server a("a");
    for (const std::string code : {"301", "302", "303", "307", "308"}) {
      a.seen.clear();
      const Outcome outcome = follow(loop, "ws://u:p@" + a.base + "/to?code=" + code + "&where=/here", 5);
      CHECK(outcome.text == "here");
      CHECK(outcome.url == "ws://" + a.base + "/here");
      REQUIRE(a.seen.size() == 2);
      CHECK(a.seen[0].ends_with(secrets));
      CHECK(a.seen[1] == std::string("a/here") + secrets);
    }
  });
}

TEST_CASE("another origin learns no secret, nor does the first when it comes back from there") {
  overEachBackend([](net::Loop& loop) {
    Server a("a");
    Server b("b");
    const std::string back = "http://" + a.base + "/here";
    const Outcome outcome =
        follow(loop, "ws://u:p@" + a.base + "/to?where=http://x:y@" + b.base + "/to?where=" + back, 5);
    CHECK(outcome.text == "here");
    REQUIRE(b.seen.size() == 1);
    CHECK(b.seen[0] == "b/to?where=" + back + nothing);
    REQUIRE(a.seen.size() == 2);
    CHECK(a.seen[0].ends_with(secrets));
    CHECK(a.seen[1] == std::string("a/here") + nothing);
  });
}

TEST_CASE("no more than are asked for, and none by default") {
  SimLoop sim;
  Server a("a");
  const std::string loop = "ws://" + a.base + "/to?where=/to?where=/here";
  CHECK(follow(sim.loop, loop, 2).text == "here");
  a.seen.clear();
  CHECK(follow(sim.loop, loop, 1).code == Errc::RedirectRefused);
  CHECK(a.seen.size() == 2);
  a.seen.clear();
  const Outcome none = follow(sim.loop, loop, 0);
  CHECK(none.code == Errc::HandshakeRefused);
  CHECK(none.status == 302);
  CHECK(a.seen.size() == 1);
}

TEST_CASE("redirects that are none, or lead where they may not") {
  SimLoop sim;
  Server a("a");
  CHECK(follow(sim.loop, "ws://" + a.base + "/none", 5).code == Errc::HandshakeRefused);
  for (const char* where : {"ftp://b/", "ws%2Bunix:/run/a.sock:/", "/here%23x"}) {
    INFO(where);
    CHECK(follow(sim.loop, "ws://" + a.base + "/to?where=" + std::string(where), 5).code ==
          Errc::RedirectRefused);
  }
  CHECK(follow(sim.loop, "ws://" + a.base + "/to?where=ws://127.0.0.1:1/", 5).code ==
        std::errc::connection_refused);
}

TEST_CASE("a client that is closed on its way") {
  SimLoop sim;
  Server a("a");
  WebSocket ws("ws://" + a.base + "/to?where=/to?where=/here", {.maxRedirects = 5});
  int closes = 0;
  ws.onclose([&] { ++closes; });
  REQUIRE(turnUntil(sim.loop, [&] { return a.seen.size() == 1; }));
  ws.close();
  for (int i = 0; i < 100; ++i) sim.loop.turn(sim.loop.now());
  CHECK(closes == 1);
  CHECK(a.seen.size() == 1);
}
