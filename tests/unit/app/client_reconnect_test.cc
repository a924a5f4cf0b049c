// A client that connects again.
#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <duplex/duplex.h>

#include "protocol/handshake.h"
#include "support/loops.h"

using namespace duplex;
using namespace std::chrono_literals;
using test::overEachBackend;
using test::SimLoop;
using test::turnUntil;

namespace {

/// A server that can be taken away and brought back, at the same port.
struct Server {
  void start() {
    app = std::make_unique<App>();
    app->ws("/", [this](WebSocket ws) {
      ++opened;
      last = ws;
      ws.onmessage([this, ws](const Message& message) {
        const std::string text(message.text());
        said.push_back(text);
        if (text.starts_with("close "))
          return ws.close(static_cast<std::uint16_t>(std::stoi(text.substr(6))));
        ws.send(message);
      });
    });
    app->all("/status", [this](Request& req, Response& res) {
      ++refused;
      res.sendStatus(std::stoi(std::string(req.query("code"))));
    });
    address = app->listen(address.port(), "127.0.0.1");
  }
  void stop() { app.reset(); }
  std::string url(const std::string& path = "/") const { return "ws://" + address.string() + path; }

  std::unique_ptr<App> app;
  Address address;
  WebSocket last;
  int opened = 0;
  int refused = 0;
  std::vector<std::string> said;
};

/// A client that writes down what happens to it.
struct Client {
  Client(const std::string& url, const Reconnect& how) : ws(url, {.reconnect = how}) {
    ws.onopen([this] { log += "open "; });
    ws.onreopen([this] { log += "reopen "; });
    ws.onreconnect([this](const ReconnectEvent& event) {
      log += "lost ";
      events.push_back(event);
      stateWhenLost = ws.readyState();
    });
    ws.onerror([this](const Error& why) {
      log += "error ";
      error = why;
    });
    ws.onclose([this](const CloseEvent& event) {
      log += "close ";
      end = event;
    });
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client() {
    // They refer to this.
    ws.onopen({});
    ws.onreopen({});
    ws.onreconnect({});
    ws.onerror({});
    ws.onclose({});
    ws.terminate();
  }
  bool isOpen() const { return ws.readyState() == ReadyState::Open; }
  bool isClosed() const { return ws.readyState() == ReadyState::Closed && log.ends_with("close "); }

  WebSocket ws;
  std::string log;
  std::vector<ReconnectEvent> events;
  ReadyState stateWhenLost{};
  Error error;
  CloseEvent end;
};

constexpr Milliseconds shortDelay = 20ms;
const Reconnect often{.maxTries = 5, .delay = shortDelay};

}  // namespace

TEST_CASE("a connection that is cut is made again, and the handle is the same") {
  overEachBackend([](net::Loop& loop) {
    Server server;
    server.start();
    Client client(server.url(), often);
    const WebSocket before = client.ws;
    client.ws.emplace<int>(7);
    client.ws.onreopen([&] {
      client.log += "reopen ";
      client.ws.send("subscribe");
    });
    std::string answer;
    client.ws.onmessage([&](const Message& message) { answer = std::string(message.text()); });
    REQUIRE(turnUntil(loop, [&] { return client.isOpen() && server.opened == 1; }));
    server.last.terminate();
    REQUIRE(turnUntil(loop, [&] { return answer == "subscribe"; }));
    CHECK(client.log == "open lost reopen ");
    CHECK(client.stateWhenLost == ReadyState::Connecting);
    CHECK(server.opened == 2);
    CHECK(client.ws == before);
    REQUIRE(client.ws.data<int>() != nullptr);
    CHECK(*client.ws.data<int>() == 7);
    REQUIRE(client.events.size() == 1);
    CHECK(client.events[0].end.code == 1006);
    CHECK(client.events[0].tries == 1);
    CHECK(client.events[0].delay <= shortDelay);
    client.ws.close(1000);
    REQUIRE(turnUntil(loop, [&] { return client.isClosed(); }));
    CHECK(client.log == "open lost reopen close ");
    CHECK(client.end.code == 1000);
    CHECK(client.end.wasClean);
    server.stop();
    run();
  });
}

TEST_CASE("without a handler of its own, opening again is opening") {
  SimLoop sim;
  Server server;
  server.start();
  int opens = 0;
  WebSocket ws(server.url(), {.reconnect = often});
  ws.onopen([&] { ++opens; });
  for (int i = 1; i <= 3; ++i) {
    REQUIRE(turnUntil(sim.loop, [&] { return opens == i && server.opened == i; }));
    server.last.terminate();
  }
  REQUIRE(turnUntil(sim.loop, [&] { return opens == 4; }));
}

TEST_CASE("a server that stays away: the tries, their delays, and then the end") {
  SimLoop sim;
  Server server;
  server.start();
  Client client(server.url(), {.maxTries = 6, .delay = 1s, .maxDelay = 8s});
  REQUIRE(turnUntil(sim.loop, [&] { return client.isOpen(); }));
  server.stop();
  const TimePoint start = sim.loop.now();
  REQUIRE(turnUntil(sim.loop, [&] { return client.isClosed(); }));
  CHECK(client.log == "open lost lost lost lost lost lost error close ");
  REQUIRE(client.events.size() == 6);
  Milliseconds most = 1s;
  Milliseconds all{0};
  for (unsigned i = 0; i < 6; ++i) {
    CHECK(client.events[i].tries == i + 1);
    CHECK(client.events[i].delay <= most);
    if (i > 0) CHECK(client.events[i].error.code == std::errc::connection_refused);
    most = std::min<Milliseconds>(most * 2, 8s);
    all += client.events[i].delay;
  }
  CHECK_FALSE(client.events[0].error.code);
  CHECK(sim.loop.now() - start >= all);
  CHECK(client.error.code == std::errc::connection_refused);
  CHECK(client.end.code == 1006);
  // Nothing of it keeps the loop alive.
  run();
}

TEST_CASE("a server that was never there, and comes") {
  SimLoop sim;
  Server server;
  server.start();
  const std::string url = server.url();
  server.stop();
  Client client(url, {.maxTries = 50, .delay = 100ms, .maxDelay = 100ms});
  REQUIRE(turnUntil(sim.loop, [&] { return client.events.size() == 3; }));
  CHECK_THROWS_AS(client.ws.send("x"), InvalidStateError);
  CHECK(client.ws.bufferedAmount() == 0);
  CHECK(client.ws.remoteAddress() == Address());
  server.start();
  REQUIRE(turnUntil(sim.loop, [&] { return client.isOpen(); }));
  // It has not been open before.
  CHECK(client.log.ends_with("lost open "));
}

namespace {

/// A server, and a client of it that is open.
struct World {
  explicit World(bool terminates, const Reconnect& how = often) : cut(terminates) {
    server.start();
    client = std::make_unique<Client>(server.url(), how);
    REQUIRE(turnUntil(sim.loop, [&] { return client->isOpen() && server.opened == 1; }));
  }
  void end() const { cut ? client->ws.terminate() : client->ws.close(); }
  /// Takes the server away and waits until the client waits for its next try.
  void lose() {
    server.stop();
    REQUIRE(turnUntil(sim.loop, [&] { return client->events.size() == 1; }));
    CHECK(client->ws.readyState() == ReadyState::Connecting);
  }

  const bool cut;
  SimLoop sim;
  Server server;
  std::unique_ptr<Client> client;
};

const Reconnect inAnHour{.maxTries = 5, .delay = 1h, .maxDelay = 1h};

}  // namespace

TEST_CASE("close and terminate end it while it is open") {
  for (const bool cut : {false, true}) {
    World world(cut);
    world.end();
    REQUIRE(turnUntil(world.sim.loop, [&] { return world.client->isClosed(); }));
    CHECK(world.client->log == "open close ");
  }
}

TEST_CASE("close and terminate end it while it waits for the next try") {
  for (const bool cut : {false, true}) {
    World world(cut, inAnHour);
    world.lose();
    world.end();
    CHECK(world.client->ws.readyState() == ReadyState::Closed);
    // Returns: nobody waits for an hour.
    run();
    CHECK(world.client->log == (cut ? "open lost close " : "open lost error close "));
  }
}

TEST_CASE("close and terminate end it from another thread") {
  for (const bool cut : {false, true}) {
    World world(cut, inAnHour);
    world.lose();
    std::thread([&world] { world.end(); }).join();
    run();
    CHECK(world.client->isClosed());
  }
}

TEST_CASE("close and terminate end it when it is told that it is lost") {
  for (const bool cut : {false, true}) {
    World world(cut);
    world.client->ws.onreconnect([&] { world.end(); });
    world.server.last.terminate();
    REQUIRE(turnUntil(world.sim.loop, [&] { return world.client->isClosed(); }));
    CHECK(world.server.opened == 1);
  }
}

TEST_CASE("close and terminate end it between the loss and the telling") {
  for (const bool cut : {false, true}) {
    World world(cut);
    world.server.last.terminate();
    // Timers run in the turn in which it is lost, before what is deferred.
    std::function<void()> watch = [&] {
      const ReadyState state = world.client->ws.readyState();
      if (state == ReadyState::Connecting) world.end();
      if (state == ReadyState::Open) setTimeout(watch, 0ms);
    };
    watch();
    REQUIRE(turnUntil(world.sim.loop, [&] { return world.client->isClosed(); }));
    CHECK(world.server.opened == 1);
    CHECK(world.client->events.empty());
    CHECK(world.client->log == (cut ? "open close " : "open error close "));
  }
}

TEST_CASE("the close codes after which it tries, and those after which it does not") {
  SimLoop sim;
  Server server;
  server.start();
  for (const int code : {1001, 1011, 1012, 1013, 1014}) {
    Client client(server.url(), often);
    REQUIRE(turnUntil(sim.loop, [&] { return client.isOpen(); }));
    client.ws.send("close " + std::to_string(code));
    REQUIRE(turnUntil(sim.loop, [&] { return client.log == "open lost reopen "; }));
    CHECK(client.events[0].end.code == code);
    CHECK(client.events[0].end.wasClean);
    client.ws.terminate();
  }
  for (const int code : {1000, 1002, 1003, 1007, 1008, 1009, 1010, 3000, 4999}) {
    Client client(server.url(), often);
    REQUIRE(turnUntil(sim.loop, [&] { return client.isOpen(); }));
    client.ws.send("close " + std::to_string(code));
    REQUIRE(turnUntil(sim.loop, [&] { return client.isClosed(); }));
    CHECK(client.log == "open close ");
    CHECK(client.end.code == code);
  }
  Client own(server.url(), {.maxTries = 1, .delay = 0ms, .codes = {4001}});
  REQUIRE(turnUntil(sim.loop, [&] { return own.isOpen(); }));
  own.ws.send("close 4001");
  REQUIRE(turnUntil(sim.loop, [&] { return own.log == "open lost reopen "; }));
  server.last.terminate();
  REQUIRE(turnUntil(sim.loop, [&] { return own.isClosed(); }));
}

TEST_CASE("answers of a server that is down, and of one that refuses") {
  SimLoop sim;
  Server server;
  server.start();
  for (const int status : {429, 503}) {
    server.refused = 0;
    Client client(server.url("/status?code=" + std::to_string(status)), {.maxTries = 3, .delay = 1ms});
    REQUIRE(turnUntil(sim.loop, [&] { return client.isClosed(); }));
    CHECK(server.refused == 4);
    CHECK(client.error.status == status);
  }
  for (const int status : {401, 404, 501}) {
    server.refused = 0;
    Client client(server.url("/status?code=" + std::to_string(status)), often);
    REQUIRE(turnUntil(sim.loop, [&] { return client.isClosed(); }));
    CHECK(server.refused == 1);
    CHECK(client.log == "error close ");
  }
}

TEST_CASE("a connection that was open for long begins the count anew, one that was not does not") {
  SimLoop sim;
  Server server;
  server.start();
  Client client(server.url(), {.maxTries = 2, .delay = 1ms, .stableTime = 5s});
  for (int i = 1; i <= 4; ++i) {
    REQUIRE(turnUntil(sim.loop, [&] { return client.isOpen() && server.opened == i; }));
    bool later = false;
    setTimeout([&] { later = true; }, 6s);
    REQUIRE(turnUntil(sim.loop, [&] { return later; }));
    server.last.terminate();
    REQUIRE(turnUntil(sim.loop, [&] { return client.events.size() == static_cast<std::size_t>(i); }));
    CHECK(client.events.back().tries == 1);
  }
  for (int i = 5; i <= 6; ++i) {
    REQUIRE(turnUntil(sim.loop, [&] { return client.isOpen() && server.opened == i; }));
    server.last.terminate();
    if (i == 5) REQUIRE(turnUntil(sim.loop, [&] { return client.events.back().tries == 2; }));
  }
  REQUIRE(turnUntil(sim.loop, [&] { return client.isClosed(); }));
}

TEST_CASE("a half message of the lost connection is not continued by the next") {
  SimLoop sim;
  struct Wire final : net::AcceptHandler, net::SocketHandler {
    explicit Wire(net::Loop& on) : loop(on), listening(on.listen(Address::parse("127.0.0.1", 80), *this)) {}
    ~Wire() {
      loop.stopListening(listening);
      if (socket != nullptr) socket->close();
    }
    void onAccepted(net::Accepted accepted) override {
      ++connections;
      socket = &loop.adopt(accepted, *this);
      received.clear();
    }
    void onData(MutableBytes bytes) override { received += asText(bytes); }
    void onEnd() override {}
    void onFailed(std::error_code) override { socket = nullptr; }
    void answer(std::string_view frames) {
      const std::size_t at = received.find("Sec-WebSocket-Key: ") + 19;
      const std::string key = received.substr(at, received.find("\r\n", at) - at);
      socket->output().append(protocol::acceptResponse(key, {}, {}) + std::string(frames));
    }
    net::Loop& loop;
    net::Listening listening;
    net::Socket* socket = nullptr;
    int connections = 0;
    std::string received;
  } wire(sim.loop);

  Client client("ws://127.0.0.1", often);
  std::string messages;
  client.ws.onmessage([&](const Message& message) { messages += std::string(message.text()) + ";"; });
  REQUIRE(turnUntil(sim.loop, [&] { return wire.received.ends_with("\r\n\r\n"); }));
  // The first of two fragments.
  wire.answer("\x01\x04half");
  REQUIRE(turnUntil(sim.loop, [&] { return client.isOpen(); }));
  for (int i = 0; i < 10; ++i) sim.loop.turn(sim.loop.now());
  wire.socket->close(true);
  wire.received.clear();
  REQUIRE(turnUntil(sim.loop, [&] { return wire.connections == 2 && wire.received.ends_with("\r\n\r\n"); }));
  wire.answer("\x81\x05whole");
  REQUIRE(turnUntil(sim.loop, [&] { return !messages.empty(); }));
  CHECK(messages == "whole;");
  CHECK(client.log == "open lost reopen ");
}

TEST_CASE("whatever the network does, a client ends once, and its handle with it") {
  for (std::uint64_t seed = 1; seed <= test::seeds(100); ++seed) {
    SimLoop sim({.seed = seed, .maxChunk = 64, .resets = 30, .delays = 200, .refusals = 200});
    Server server;
    server.start();
    Client client(server.url(),
                  {.maxTries = 1 + static_cast<unsigned>(seed % 4), .delay = 5ms, .stableTime = 0ms});
    client.ws.onreopen([&] { client.ws.send("again"); });
    TimerId timer = setTimeout([&] { client.ws.close(); }, Milliseconds(seed * 7));
    CHECK(turnUntil(sim.loop, [&] { return client.isClosed(); }));
    clearTimeout(timer);
    CHECK(client.log.find("close ") == client.log.rfind("close "));
    CHECK(client.ws.readyState() == ReadyState::Closed);
  }
}
