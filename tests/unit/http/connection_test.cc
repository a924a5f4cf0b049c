#include "http/connection.h"

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <vector>

#include "http_server.h"

using namespace duplex;
using test::HttpServer;
using test::overEachBackend;
using test::Reply;
using test::SimLoop;
using test::turnUntil;

namespace {

std::string get(std::string_view path, std::string_view lines = {}) {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: a\r\n" + std::string(lines) + "\r\n";
}

void addEcho(HttpServer& server) {
  server.on("GET", "/echo/:what", [](Request& req, Response& res) { res.send(req.params("what")); });
  server.on("POST", "/echo", [](Request& req, Response& res) { res.send(req.text()); });
}

/// A handler that keeps its Response, for the test to answer.
struct Kept {
  explicit Kept(HttpServer& server) {
    server.on("GET", "/keep", [this](Request&, Response& res) { response = res; });
  }
  bool came(net::Loop& loop) {
    return turnUntil(loop, [this] { return response.has_value(); });
  }
  std::optional<Response> response;
};

}  // namespace

TEST_CASE("requests one after the other and all at once") {
  overEachBackend([](net::Loop& loop) {
    HttpServer server(loop);
    addEcho(server);
    const auto client = server.connect();
    for (int i = 0; i < 5; ++i) {
      client->send(get("/echo/" + std::to_string(i)));
      CHECK(client->reply().body == std::to_string(i));
    }
    std::string all;
    for (int i = 0; i < 50; ++i) {
      const std::string body(static_cast<std::size_t>(i * 37), 'x');
      all += get("/echo/" + std::to_string(i));
      all += "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
             body;
    }
    client->send(all);
    for (int i = 0; i < 50; ++i) {
      CHECK(client->reply().body == std::to_string(i));
      CHECK(client->reply().body.size() == static_cast<std::size_t>(i * 37));
    }
    CHECK_FALSE(client->ended);
    CHECK(server.errors.empty());
  });
}

TEST_CASE("the connection ends when either side says so") {
  SimLoop sim;
  HttpServer server(sim.loop);
  addEcho(server);
  server.on("GET", "/last", [](Request&, Response& res) { res.set("Connection", "close").send("x"); });
  const auto closed = [&](const std::string& request) {
    const auto client = server.connect();
    client->send(request + get("/echo/never"));
    const Reply reply = client->reply();
    CHECK(reply.body.size() == 1);
    CHECK(client->closes());
    CHECK(client->received.empty());
    return reply.header("Connection");
  };
  CHECK(closed(get("/echo/x", "Connection: close\r\n")) == "close");
  CHECK(closed(get("/last")) == "close");
  CHECK(closed("GET /echo/x HTTP/1.0\r\n\r\n") == "close");
  CHECK(turnUntil(sim.loop, [&] { return server.connections.empty(); }));

  const auto old = server.connect();
  old->send("GET /echo/x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  CHECK(old->reply().header("Connection") == "keep-alive");
  old->send(get("/echo/y"));
  CHECK(old->reply().body == "y");
}

TEST_CASE("an answer given later holds the next request back") {
  overEachBackend([](net::Loop& loop) {
    HttpServer server(loop);
    addEcho(server);
    Kept kept(server);
    const auto client = server.connect();
    client->send(get("/keep") + get("/echo/b") + get("/echo/c"));
    REQUIRE(kept.came(loop));
    for (int i = 0; i < 5; ++i) loop.turn(loop.now());
    CHECK(client->received.empty());
    kept.response->send("a");
    CHECK(kept.response->ended());
    CHECK(client->reply().body == "a");
    CHECK(client->reply().body == "b");
    CHECK(client->reply().body == "c");
  });
}

TEST_CASE("read-ahead is bounded") {
  SimLoop sim({.capacity = 64 * 1024});
  HttpServer server(sim.loop);
  Kept kept(server);
  const auto client = server.connect();
  client->send(get("/keep"));
  REQUIRE(kept.came(sim.loop));
  client->send(std::string(8 * 1024 * 1024, 'x'));
  const std::size_t before = sim.sim->receives();
  for (int i = 0; i < 2000; ++i) sim.loop.turn(sim.loop.now());
  // The simulated network hands out at most 64 KB at once.
  CHECK(sim.sim->receives() - before <= 3);
}

TEST_CASE("a client that leaves makes the answer a no-op") {
  overEachBackend([](net::Loop& loop) {
    for (const bool reset : {false, true}) {
      HttpServer server(loop);
      Kept kept(server);
      const auto client = server.connect();
      client->send(get("/keep"));
      REQUIRE(kept.came(loop));
      int closes = 0;
      kept.response->onclose([&] { ++closes; });
      CHECK_FALSE(kept.response->ended());
      client->leave(reset);
      REQUIRE(turnUntil(loop, [&] { return server.connections.empty(); }));
      CHECK(closes == 1);
      CHECK(kept.response->ended());
      kept.response->status(404).send("too late");
      CHECK_FALSE(kept.response->write("x"));
      kept.response->end();
      kept.response->onclose([&] { ++closes; });
      CHECK(closes == 2);
    }
  });
}

TEST_CASE("a request that is half there when the client leaves is forgotten") {
  overEachBackend([](net::Loop& loop) {
    HttpServer server(loop);
    addEcho(server);
    const std::string whole = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello";
    for (std::size_t size = 0; size <= whole.size(); size += 7) {
      const auto client = server.connect();
      client->send(whole.substr(0, size));
      for (int i = 0; i < 3; ++i) loop.turn(loop.now());
      client->leave(size % 2 == 0);
    }
    CHECK(turnUntil(loop, [&] { return server.connections.empty(); }));
  });
}

TEST_CASE("a client that sends FIN after its request gets the answer") {
  overEachBackend([](net::Loop& loop) {
    HttpServer server(loop);
    server.on("GET", "/big", [](Request&, Response& res) { res.send(std::string(1'000'000, 'x')); });
    const auto client = server.connect();
    client->send(get("/big"));
    client->shutdown();
    CHECK(client->reply().body.size() == 1'000'000);
    CHECK(client->closes());
    CHECK_FALSE(client->reset);
  });
}

TEST_CASE("refusals answer and close, and nothing after them is read") {
  SimLoop sim;
  HttpServer server(sim.loop);
  server.limits.maxBodySize = 10;
  server.limits.maxHeaderSize = 1000;
  addEcho(server);
  const auto refused = [&](const std::string& request, int status) {
    CAPTURE(request);
    const auto client = server.connect();
    client->send(request + get("/echo/smuggled"));
    const Reply reply = client->reply();
    CHECK(reply.status == status);
    CHECK(reply.header("Connection") == "close");
    CHECK(client->closes());
    CHECK(client->received.empty());
  };
  const std::string post = "POST /echo HTTP/1.1\r\nHost: a\r\n";
  refused("nonsense\r\n\r\n", 400);
  refused("GET / HTTP/1.1\r\n\r\n", 400);
  refused("GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505);
  refused(get("/", "X: " + std::string(2000, 'x') + "\r\n"), 431);
  refused(post + "Content-Length: 11\r\n\r\n", 413);
  refused(post + "Content-Length: 11\r\nExpect: 100-continue\r\n\r\n", 413);
  refused(post + "Expect: wonders\r\nContent-Length: 1\r\n\r\nx", 417);
  refused(post + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400);
  refused(post + "Transfer-Encoding: gzip\r\n\r\n", 501);
  CHECK(server.errors.size() == 9);
}

TEST_CASE("a 413 reaches a client that goes on sending") {
  overEachBackend([](net::Loop& loop) {
    HttpServer server(loop);
    const auto client = server.connect();
    client->send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5000000\r\n\r\n");
    client->send(std::string(5'000'000, 'x'));
    CHECK(client->reply().status == 413);
    CHECK(client->closes());
    CHECK_FALSE(client->reset);
  });
}

TEST_CASE("100 Continue") {
  SimLoop sim;
  HttpServer server(sim.loop);
  addEcho(server);
  const auto client = server.connect();
  const std::string post = "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n";
  client->send(post + "Content-Length: 5\r\n\r\n");
  CHECK(client->reply().status == 100);
  CHECK(client->received.empty());
  client->send("hello");
  CHECK(client->reply().body == "hello");
  // The body is there already, or there is none: nobody waits.
  client->send(post + "Content-Length: 2\r\n\r\nhi");
  CHECK(client->reply().body == "hi");
  client->send(post + "Content-Length: 0\r\n\r\n");
  CHECK(client->reply().status == 200);
}

TEST_CASE("timeouts") {
  SimLoop sim;
  HttpServer server(sim.loop);
  server.limits.minHeaderRate = 0;
  addEcho(server);
  Kept kept(server);
  const TimePoint start = sim.loop.now();
  const auto elapsed = [&] { return sim.loop.now() - start; };
  const auto silent = server.connect();
  const auto slowHead = server.connect();
  const auto slowBody = server.connect();
  const auto waiting = server.connect();
  slowHead->send("GET /");
  slowBody->send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe");
  waiting->send(get("/keep"));

  CHECK(slowHead->reply().status == 408);
  CHECK(elapsed() >= server.limits.headerTimeout);
  CHECK(elapsed() < server.limits.keepAliveTimeout);
  CHECK(silent->closes());
  CHECK(silent->received.empty());
  CHECK(elapsed() >= server.limits.keepAliveTimeout);
  CHECK(slowBody->reply().status == 408);
  CHECK(elapsed() >= server.limits.bodyTimeout);

  // How long a handler takes is its own matter.
  CHECK_FALSE(waiting->ended);
  kept.response->send("at last");
  CHECK(waiting->reply().body == "at last");
  CHECK(waiting->closes());
}

TEST_CASE("a head that trickles has one deadline") {
  SimLoop sim;
  HttpServer server(sim.loop);
  server.limits.minHeaderRate = 0;
  const auto client = server.connect();
  const TimePoint start = sim.loop.now();
  while (!client->ended && sim.loop.now() - start < std::chrono::seconds(30)) {
    client->send("G");
    const TimePoint next = sim.loop.now() + Milliseconds(500);
    while (sim.loop.now() < next) sim.loop.turn(next);
  }
  CHECK(client->received.find(" 408 ") != std::string::npos);
}

TEST_CASE("empty lines before a request keep no connection alive, requests do") {
  SimLoop sim;
  HttpServer server(sim.loop);
  const auto limit = server.limits.keepAliveTimeout;
  const auto pass = [&](Milliseconds time) {
    const TimePoint end = sim.loop.now() + time;
    while (sim.loop.now() < end) sim.loop.turn(end);
  };
  const auto client = server.connect();
  for (int i = 0; i < 3; ++i) {
    pass(limit / 3 * 2);
    client->send("\r\n");
    pass(limit / 4);
    client->send(get("/nowhere") + "\r\n");
    CHECK(client->reply().status == 404);
  }
  const TimePoint start = sim.loop.now();
  while (!client->ended && sim.loop.now() - start < 3 * limit) {
    client->send("\r\n");
    pass(Milliseconds(500));
  }
  CHECK(client->ended);
  CHECK(client->received.empty());
  CHECK(sim.loop.now() - start >= limit - Milliseconds(500));
  CHECK(sim.loop.now() - start < limit + Milliseconds(1500));
}

TEST_CASE("a peer that takes nothing is cut, one that takes slowly is not") {
  SimLoop sim({.maxChunk = 64 * 1024, .capacity = 64 * 1024});
  HttpServer server(sim.loop);
  server.limits.sendTimeout = std::chrono::seconds(1);
  server.on("GET", "/big", [](Request&, Response& res) { res.send(std::string(1'000'000, 'x')); });
  const auto stalled = server.connect();
  stalled->send(get("/big"));
  stalled->pause();
  const auto slow = server.connect();
  slow->send(get("/big"));
  slow->pause();
  const TimePoint start = sim.loop.now();
  while (sim.loop.now() - start < std::chrono::seconds(40) && slow->received.size() < 1'000'000) {
    slow->resume();
    sim.loop.turn(sim.loop.now() + Milliseconds(500));
    slow->pause();
    sim.loop.turn(sim.loop.now() + Milliseconds(500));
  }
  slow->resume();
  CHECK(slow->reply().body.size() == 1'000'000);
  stalled->resume();
  CHECK(stalled->closes());
  CHECK(stalled->received.size() < 1'000'000);
}

TEST_CASE("pipelined requests wait while the client does not take the answers") {
  SimLoop sim({.capacity = 16 * 1024});
  HttpServer server(sim.loop);
  int handled = 0;
  server.on("GET", "/big", [&](Request&, Response& res) {
    ++handled;
    res.send(std::string(100'000, 'x'));
  });
  const auto client = server.connect();
  client->pause();
  std::string all;
  for (int i = 0; i < 100; ++i) all += get("/big");
  client->send(all);
  for (int i = 0; i < 100; ++i) sim.loop.turn(sim.loop.now());
  CHECK(handled <= 4);
  client->resume();
  for (int i = 0; i < 100; ++i) CHECK(client->reply().body.size() == 100'000);
  CHECK(handled == 100);
}

TEST_CASE("shutdown ends idle connections now and busy ones with their answer") {
  overEachBackend([](net::Loop& loop) {
    HttpServer server(loop);
    Kept kept(server);
    addEcho(server);
    const auto idle = server.connect();
    idle->send(get("/echo/x"));
    CHECK(idle->reply().body == "x");
    const auto busy = server.connect();
    busy->send(get("/keep") + get("/echo/never"));
    REQUIRE(kept.came(loop));
    const auto connections = server.connections;
    for (http::ServerConnection* connection : connections) connection->shutdown();
    CHECK(idle->closes());
    CHECK_FALSE(busy->ended);
    kept.response->send("bye");
    const Reply reply = busy->reply();
    CHECK(reply.body == "bye");
    CHECK(reply.header("Connection") == "close");
    CHECK(busy->closes());
    CHECK(busy->received.empty());
    // Its own end of the connection the client still has to close.
    idle->leave();
    busy->leave();
    CHECK(turnUntil(loop, [&] { return server.connections.empty(); }));
  });
}

TEST_CASE("resets at every moment leave nothing behind") {
  for (std::uint64_t seed = 1; seed <= test::seeds(60); ++seed) {
    SimLoop sim({.seed = seed, .maxChunk = 1 + seed * 13, .capacity = 2048, .resets = 20, .delays = 300});
    HttpServer server(sim.loop);
    addEcho(server);
    std::vector<Response> kept;
    server.on("GET", "/keep", [&](Request&, Response& res) {
      res.onclose([] {});
      kept.push_back(res);
    });
    server.on("GET", "/stream", [](Request&, Response& res) {
      res.ondrain([res] {
        if (res.write(std::string(3000, 'x'))) res.end();
      });
      res.write(std::string(100'000, 'x'));
    });
    std::vector<std::unique_ptr<test::Client>> clients;
    for (int i = 0; i < 10; ++i) {
      clients.push_back(server.connect());
      clients.back()->send(get("/echo/1") + get("/stream") + get("/keep") + get("/echo/2"));
    }
    for (int i = 0; i < 300; ++i) {
      sim.loop.turn(sim.loop.now() + Milliseconds(1));
      if (i % 20 == 0 && !kept.empty()) {
        kept.back().send("answer");
        kept.pop_back();
      }
    }
    clients.clear();
    kept.clear();
    CHECK(turnUntil(sim.loop, [&] { return server.connections.empty(); }));
  }
}
