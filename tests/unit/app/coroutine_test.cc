// Handlers of sockets that are coroutines: what they receive and send, over each back end.
#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <duplex/duplex.h>

#include "support/coroutine_pair.h"
#include "support/loops.h"
#include "support/raw_client.h"

using namespace duplex;
using namespace std::chrono_literals;
using test::clientFrame;
using test::close1000;
using test::overEachBackend;
using test::Pair;
using test::Probe;
using test::RawClient;
using test::turnUntil;

namespace {

std::string urlOf(const Address& address, const std::string& path = "/") {
  return "ws://" + address.string() + path;
}

Task<> echo(WebSocket ws, const Request&) {
  while (auto message = co_await ws.receive()) co_await ws.send(*message);
}

}  // namespace

TEST_CASE("an echo of coroutines on both sides: all messages, in order, as they were sent") {
  overEachBackend([](net::Loop&) {
    App app;
    app.ws("/", echo);
    std::vector<std::size_t> sizes;
    std::vector<bool> texts;
    bool right = true;
    const auto talk = [&](std::string url) -> Task<> {
      const WebSocket ws = co_await WebSocket::connect(url);
      for (const std::size_t size : {0, 1, 125, 126, 65'535, 65'536, 300'000}) {
        // Not awaited: both ends would wait for room, and neither would receive.
        ws.send(std::string(size, 'x'));
        ws.send(std::vector<std::uint8_t>(size, 'x'));
      }
      for (int i = 0; i < 14; ++i) {
        const auto message = co_await ws.receive();
        if (!message) break;
        right = right && message->text() == std::string(message->size(), 'x');
        sizes.push_back(message->size());
        texts.push_back(message->isText());
      }
      ws.close();
      const CloseEvent end = co_await ws.closed();
      CHECK(end.code == 1005);
      CHECK(end.wasClean);
      app.close();
    };
    spawn(talk(urlOf(app.listen(0, "127.0.0.1"))));
    run();
    CHECK(right);
    CHECK(sizes == std::vector<std::size_t>{0, 0, 1, 1, 125, 125, 126, 126, 65'535, 65'535, 65'536, 65'536,
                                            300'000, 300'000});
    CHECK(texts == std::vector<bool>{true, false, true, false, true, false, true, false, true, false, true,
                                     false, true, false});
  });
}

TEST_CASE("many messages at once are received one after the other, and the Close behind them") {
  overEachBackend([](net::Loop& loop) {
    std::vector<std::string> received;
    bool over = false;
    Pair pair(loop, [&](WebSocket ws) -> Task<> {
      while (auto message = co_await ws.receive()) {
        received.emplace_back(message->text());
        // What has not been received meanwhile waits.
        co_await Loop::sleep(1ms);
      }
      over = true;
    });
    std::string all;
    for (int i = 0; i < 20; ++i) all += clientFrame(0x81, std::to_string(i));
    pair.client->send(all + close1000);
    pair.client->shutdown();
    REQUIRE(pair.until([&] { return over; }));
    CHECK(received.size() == 20);
    for (int i = 0; i < 20; ++i) CHECK(received[static_cast<std::size_t>(i)] == std::to_string(i));
    CHECK(pair.until([&] { return pair.ended == 1000; }));
    CHECK(pair.errors.empty());
  });
}

TEST_CASE("a broken frame behind messages fails the connection when they have been received") {
  overEachBackend([](net::Loop& loop) {
    int received = 0;
    Pair pair(loop, [&](WebSocket ws) -> Task<> {
      while (auto message = co_await ws.receive()) {
        ++received;
        co_await Loop::sleep(1ms);
      }
    });
    pair.client->send(clientFrame(0x81, "a") + clientFrame(0x81, "b") + clientFrame(0x83, "reserved"));
    REQUIRE(pair.until([&] { return pair.client->over(); }));
    CHECK(received == 2);
    CHECK(pair.payloads(0x88).at(0).starts_with("\x03\xea"));  // 1002
  });
}

TEST_CASE(
    "while nobody receives the peer is not read from without bound, and pings before that are answered") {
  overEachBackend([](net::Loop& loop) {
    // More than a kernel takes.
    const std::size_t total = loop.backendName() == "sim" ? 2'000'000 : 40'000'000;
    constexpr std::size_t size = 20'000;
    bool go = false;
    std::size_t received = 0;
    App app;
    app.ws("/", [&](WebSocket ws) -> Task<> {
      while (!go) co_await Loop::sleep(1ms);
      while (auto message = co_await ws.receive()) received += message->size();
    });
    WebSocket ws(urlOf(app.listen(0, "127.0.0.1")));
    bool pong = false;
    ws.onpong([&] { pong = true; });
    ws.onopen([&] {
      ws.ping();
      for (std::size_t sent = 0; sent < total; sent += size) ws.send(std::string(size, 'x'));
    });
    REQUIRE(turnUntil(loop, [&] { return pong; }));
    for (int i = 0; i < 300; ++i) loop.turn(loop.now());
    // What the kernel's buffers take is not much.
    CHECK(ws.bufferedAmount() > total / 2);
    CHECK(received == 0);
    go = true;
    REQUIRE(turnUntil(loop, [&] { return received == total; }));
    CHECK(ws.readyState() == ReadyState::Open);
  });
}

TEST_CASE("awaiting a send waits for room, and gives false once the peer has gone") {
  overEachBackend([](net::Loop& loop) {
    constexpr std::size_t piece = 100'000;
    std::size_t sent = 0;
    std::size_t most = 0;
    bool over = false;
    Pair pair(loop, [&](WebSocket ws) -> Task<> {
      while (co_await ws.send(std::string(piece, 'x'))) {
        ++sent;
        most = std::max(most, ws.bufferedAmount());
      }
      over = true;
    });
    REQUIRE(pair.until([&] { return sent > 100; }));
    CHECK(most <= piece);
    pair.client->pause();
    std::size_t before = 0;
    REQUIRE(pair.until([&] {
      for (int i = 0; i < 50; ++i) loop.turn(loop.now());
      return std::exchange(before, sent) == sent;
    }));
    CHECK_FALSE(over);
    pair.client->resume();
    REQUIRE(pair.until([&] { return sent > before + 100; }));
    pair.client->close(true);
    CHECK(pair.until([&] { return over; }));
  });
}

TEST_CASE("a send that is not awaited is what it was: queued at once") {
  overEachBackend([](net::Loop& loop) {
    std::size_t queued = 0;
    Pair pair(loop, [&](WebSocket ws) {
      ws.send("one");
      ws.send(std::string(200'000, 'x'));
      queued = ws.bufferedAmount();
    });
    REQUIRE(pair.until([&] { return pair.payloads().size() == 2; }));
    CHECK(queued <= 200'003);
  });
}

TEST_CASE("callbacks and coroutines on one socket: onmessage comes first, the route's table last") {
  overEachBackend([](net::Loop& loop) {
    App app;
    std::vector<std::string> log;
    app.ws("/", {.open = [&](WebSocket ws) -> Task<> {
                   co_await Loop::sleep(5ms);
                   // From here on they come here.
                   if (auto message = co_await ws.receive())
                     log.push_back("task " + std::string(message->text()));
                   ws.onmessage([&](const Message& m) { log.push_back("handler " + std::string(m.text())); });
                   ws.send("next");
                   co_await ws.closed();
                 },
                 .message = [&](WebSocket,
                                const Message& m) { log.push_back("route " + std::string(m.text())); }});
    RawClient client(loop, app.listen(0, "127.0.0.1"));
    client.send(test::upgradeRequest() + clientFrame(0x81, "1"));
    REQUIRE(turnUntil(loop, [&] { return log.size() == 1; }));
    for (int i = 0; i < 50; ++i) loop.turn(loop.now() + Milliseconds(1));
    client.send(clientFrame(0x81, "2"));
    REQUIRE(turnUntil(loop, [&] { return client.received.ends_with("next"); }));
    client.send(clientFrame(0x81, "3"));
    REQUIRE(turnUntil(loop, [&] { return log.size() == 3; }));
    CHECK(log == std::vector<std::string>{"route 1", "task 2", "handler 3"});
  });
}

TEST_CASE("another task may take over receiving") {
  overEachBackend([](net::Loop& loop) {
    std::string taken;
    Pair pair(loop, [&](WebSocket ws) -> Task<> {
      spawn([&, ws]() -> Task<> {
        while (auto message = co_await ws.receive()) taken = message->text();
      });
      co_return;
    });
    pair.client->send(clientFrame(0x81, "first") + clientFrame(0x81, "second"));
    CHECK(pair.until([&] { return taken == "second"; }));
  });
}

TEST_CASE("a second task that receives is refused while the first waits") {
  overEachBackend([](net::Loop& loop) {
    bool refused = false;
    Pair pair(loop, [&](WebSocket ws) -> Task<> {
      spawn([&, ws]() -> Task<> {
        co_await Loop::sleep(2ms);
        try {
          co_await ws.receive();
        } catch (const InvalidStateError&) {
          refused = true;
        }
      });
      while (co_await ws.receive()) {
      }
    });
    CHECK(pair.until([&] { return refused; }));
  });
}

TEST_CASE("connect throws what went wrong: refused, not a WebSocket, closed before it was open") {
  overEachBackend([](net::Loop& loop) {
    App app;
    app.get("/plain", [](Request&, Response& res) { res.send("no socket"); });
    const Address address = app.listen(0, "127.0.0.1");
    std::vector<std::error_code> codes;
    std::string text;
    const auto attempt = [&](std::string url) -> Task<> {
      try {
        co_await WebSocket::connect(url);
      } catch (const std::system_error& error) {
        codes.push_back(error.code());
        text = error.what();
      }
    };
    spawn(attempt(urlOf(address, "/plain")));
    REQUIRE(turnUntil(loop, [&] { return codes.size() == 1; }));
    CHECK(codes[0] == Errc::HandshakeRefused);
    CHECK(text.find("404") != std::string::npos);
    spawn(attempt("ws://127.0.0.1:1/"));
    REQUIRE(turnUntil(loop, [&] { return codes.size() == 2; }));
    CHECK(text.find("127.0.0.1:1") != std::string::npos);
    CHECK_THROWS_AS((void)WebSocket::connect("ftp://x"), SyntaxError);
  });
}

TEST_CASE("what a server sends with its 101 waits for the client's first receive") {
  overEachBackend([](net::Loop& loop) {
    App app;
    std::string header;
    app.ws("/", {.open =
                     [&](WebSocket ws, const Request& req) {
                       header = req.header("X-Header-With-A-Name-Of-Some-Length");
                       ws.send("Hello");
                       ws.send(ws.protocol());
                       ws.close();
                     },
                 .protocols = {"second-of-two-subprotocols"}});
    std::vector<std::string> received;
    bool over = false;
    const auto talk = [&](std::string url) -> Task<> {
      const ClientOptions options{
          .protocols = {"first-of-two-subprotocols", "second-of-two-subprotocols"},
          .headers = {{"X-Header-With-A-Name-Of-Some-Length", "and a value that needs memory of its own"}}};
      const WebSocket ws = co_await WebSocket::connect(url, options);
      co_await Loop::sleep(20ms);
      while (auto message = co_await ws.receive()) received.emplace_back(message->text());
      over = true;
    };
    spawn(talk(urlOf(app.listen(0, "127.0.0.1"))));
    REQUIRE(turnUntil(loop, [&] { return over; }));
    CHECK(received == std::vector<std::string>{"Hello", "second-of-two-subprotocols"});
    CHECK(header == "and a value that needs memory of its own");
  });
}

TEST_CASE("a task of another thread's loop finds a socket that is not its own gone, but may send") {
  net::Loop loop("epoll");
  bool received = true;
  bool open = false;
  WebSocket server;
  Pair pair(loop, [&](WebSocket ws) { server = ws; });
  REQUIRE(pair.until([&] { return static_cast<bool>(server); }));
  std::thread([&] {
    spawn([&]() -> Task<> {
      received = (co_await server.receive()).has_value();
      open = co_await server.send("from elsewhere");
    });
    run();
  }).join();
  CHECK_FALSE(received);
  CHECK(open);
  CHECK(pair.until([&] { return pair.payloads().size() == 1; }));
}

TEST_CASE(
    "an app that goes takes the tasks of its handlers along, and tells others that wait for its sockets") {
  overEachBackend([](net::Loop& loop) {
    int alive = 0;
    bool told = false;
    {
      WebSocket server;
      Pair pair(loop, [&](WebSocket ws) -> Task<> {
        const Probe probe(alive);
        server = ws;
        co_await Loop::sleep(24h);
      });
      REQUIRE(pair.until([&] { return alive == 1; }));
      spawn([&told, server]() -> Task<> { told = !co_await server.receive(); });
      CHECK_FALSE(told);
    }
    CHECK(alive == 0);
    CHECK(turnUntil(loop, [&] { return told; }));
  });
}
