// permessage-deflate from the options of a route and of a client to the frames on the wire.
#include <doctest/doctest.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <duplex/duplex.h>

#include "protocol/deflate_streams.h"
#include "support/loops.h"
#include "support/raw_client.h"
#include "support/server_frames.h"
#include "websocket/connection.h"

using namespace duplex;
using test::jsonText;
using test::noise;
using test::overEachBackend;
using test::RawClient;
using test::turnUntil;

namespace {

constexpr Compression::Mode modes[] = {Compression::Off, Compression::Shared, Compression::Dedicated};

std::string urlOf(const Address& address) {
  return "ws://" + address.string();
}

/// A server that echoes, and what its sockets agreed on.
struct EchoApp {
  explicit EchoApp(const Compression& compression, WebSocketLimits limits = {}) {
    app.ws("/", {.open =
                     [this](WebSocket ws) {
                       extensions = ws.extensions();
                       ws.subscribe("all");
                     },
                 .message = [](WebSocket ws, const Message& message) { ws.send(message); },
                 .error = [this](WebSocket, const Error& error) { failure = error.code; },
                 .limits = limits,
                 .compression = compression});
    address = app.listen(0, "127.0.0.1");
  }

  App app;
  Address address;
  std::string extensions;
  std::error_code failure;
};

/// A peer without any code of ours behind the handshake.
struct RawPeer {
  RawPeer(net::Loop& onLoop, const Address& address, const std::string& offer)
      : loop(onLoop), client(onLoop, address) {
    client.send(test::upgradeRequest("/", "Sec-WebSocket-Extensions: " + offer + "\r\n"));
    REQUIRE(turnUntil(loop, [&] { return client.received.find("\r\n\r\n") != std::string::npos; }));
  }

  bool answered(const std::string& extensions) const {
    return client.received.find("\r\nSec-WebSocket-Extensions: " + extensions + "\r\n") != std::string::npos;
  }
  std::vector<test::ServerFrame> frames(std::size_t count) {
    REQUIRE(
        turnUntil(loop, [&] { return test::framesIn(client.received).size() >= count || client.over(); }));
    return test::framesIn(client.received);
  }

  net::Loop& loop;
  RawClient client;
};

/// A masked frame of 126 bytes or more.
std::string longFrame(unsigned char first, std::string_view payload) {
  const bool large = payload.size() > 0xFFFF;
  std::string frame{static_cast<char>(first), static_cast<char>(large ? 0xFF : 0xFE)};
  for (int shift = large ? 56 : 8; shift >= 0; shift -= 8) {
    frame += static_cast<char>(payload.size() >> shift);
  }
  return frame.append(4, '\0').append(payload);
}

std::string inflated(const std::string& payload) {
  static protocol::Inflater inflater;
  const auto [error, message] = inflater.inflate(asBytes(payload), 1 << 24);
  return error == Errc{} ? std::string(asText(message)) : "not to be inflated";
}

}  // namespace

TEST_CASE("compression: each mode of a server meets each of a client") {
  overEachBackend([](net::Loop& loop) {
    const std::vector<std::string> messages{"Hello",    jsonText(300),    jsonText(300),   "",
                                            noise(600), jsonText(20'000), jsonText(20'000)};
    for (const Compression::Mode server : modes) {
      EchoApp echo({.mode = server, .threshold = 3});
      for (const Compression::Mode client : modes) {
        WebSocket ws(urlOf(echo.address), {.compression = {.mode = client, .threshold = 3}});
        std::vector<std::string> received;
        ws.onopen([&, ws] {
          for (const std::string& message : messages) ws.send(asBytes(message));
        });
        ws.onmessage([&](const Message& message) { received.emplace_back(message.text()); });
        CHECK(ws.extensions().empty());
        REQUIRE(turnUntil(loop, [&] { return received.size() == messages.size(); }));
        CHECK(received == messages);
        const bool none = server == Compression::Off || client == Compression::Off;
        const bool takeover = server == Compression::Dedicated && client == Compression::Dedicated;
        CHECK(ws.extensions() ==
              (none       ? ""
               : takeover ? "permessage-deflate"
                          : "permessage-deflate; server_no_context_takeover; client_no_context_takeover"));
        CHECK(echo.extensions == ws.extensions());
        ws.close();
        REQUIRE(turnUntil(loop, [&] { return ws.readyState() == ReadyState::Closed; }));
      }
    }
  });
}

TEST_CASE("compression: a server has none unless it is asked to, a client offers it") {
  net::Loop loop("epoll");
  App app;
  std::string offered;
  app.ws("/", [&](WebSocket, const Request& req) { offered = req.header("Sec-WebSocket-Extensions"); });
  WebSocket ws(urlOf(app.listen(0, "127.0.0.1")));
  REQUIRE(turnUntil(loop, [&] { return ws.readyState() == ReadyState::Open; }));
  CHECK(offered == "permessage-deflate; client_max_window_bits");
  CHECK(ws.extensions().empty());
}

TEST_CASE("compression: windows on both sides") {
  overEachBackend([](net::Loop& loop) {
    EchoApp echo({.mode = Compression::Dedicated, .threshold = 0, .windowBits = 9, .peerWindowBits = 10});
    WebSocket ws(urlOf(echo.address),
                 {.compression = {.mode = Compression::Dedicated, .threshold = 0, .windowBits = 8}});
    std::vector<std::string> received;
    ws.onmessage([&](const Message& message) { received.emplace_back(message.text()); });
    ws.onopen([ws] {
      for (int i = 0; i < 5; ++i) ws.send(jsonText(3000));
    });
    REQUIRE(turnUntil(loop, [&] { return received.size() == 5; }));
    CHECK(received == std::vector<std::string>(5, jsonText(3000)));
    CHECK(ws.extensions() == "permessage-deflate; server_max_window_bits=9; client_max_window_bits=8");
  });
  const net::Loop loop("epoll");
  App app;
  for (const int bits : {0, 7, 16, -1}) {
    CHECK_THROWS_AS(app.ws("/", {.compression = {.windowBits = bits}}), std::invalid_argument);
    CHECK_THROWS_AS(app.ws("/", {.compression = {.peerWindowBits = bits}}), std::invalid_argument);
    CHECK_THROWS_AS(WebSocket("ws://localhost:1", {.compression = {.windowBits = bits}}),
                    std::invalid_argument);
  }
}

TEST_CASE("compression: below the threshold, and what would get larger, goes as it is") {
  net::Loop loop("epoll");
  EchoApp echo({.mode = Compression::Shared, .threshold = 100});
  RawPeer peer(loop, echo.address, "permessage-deflate");
  CHECK(peer.answered("permessage-deflate; server_no_context_takeover; client_no_context_takeover"));
  echo.app.publish("all", std::string(99, 'x'));
  echo.app.publish("all", std::string(100, 'x'));
  echo.app.publish("all", asBytes(noise(200)));
  const auto frames = peer.frames(3);
  CHECK(frames[0].first == 0x81);
  CHECK(frames[1].first == 0xC1);
  CHECK(inflated(frames[1].payload) == std::string(100, 'x'));
  CHECK(frames[2].first == 0x82);
  CHECK(frames[2].payload == noise(200));
}

TEST_CASE("compression: each message of an echo by itself, or with those before") {
  overEachBackend([](net::Loop& loop) {
    const std::string text = jsonText(110);
    test::ZlibDeflate deflate;
    for (const bool takeover : {false, true}) {
      EchoApp echo({.mode = Compression::Dedicated, .threshold = 0});
      RawPeer peer(loop, echo.address,
                   takeover ? "permessage-deflate" : "permessage-deflate; server_no_context_takeover");
      for (int i = 0; i < 2; ++i) peer.client.send(test::clientFrame(0x81, text));
      const auto frames = peer.frames(2);
      CHECK(frames[0].first == 0xC1);
      CHECK(inflated(frames[0].payload) == text);
      CHECK((frames[1].payload == frames[0].payload) == !takeover);
      if (takeover) CHECK(frames[1].payload.size() < 30);
    }
  });
}

TEST_CASE("compression: what is published is the same for all who agreed on the same window") {
  overEachBackend([](net::Loop& loop) {
    EchoApp echo({.mode = Compression::Dedicated, .threshold = 0});
    RawPeer one(loop, echo.address, "permessage-deflate");
    RawPeer two(loop, echo.address, "permessage-deflate; client_no_context_takeover");
    RawPeer small(loop, echo.address, "permessage-deflate; server_max_window_bits=8");
    RawPeer none(loop, echo.address, "x-other");
    const std::string text = jsonText(5000);
    echo.app.publish("all", text);
    for (RawPeer* peer : {&one, &two, &small}) {
      const auto frames = peer->frames(1);
      CHECK(frames[0].first == 0xC1);
      CHECK(inflated(frames[0].payload) == text);
    }
    CHECK(one.frames(1)[0].payload == two.frames(1)[0].payload);
    CHECK(one.frames(1)[0].payload.size() < small.frames(1)[0].payload.size());
    CHECK(none.frames(1)[0].payload == text);
  });
}

TEST_CASE("compression: messages of one's own between those for all") {
  overEachBackend([](net::Loop& loop) {
    EchoApp echo({.mode = Compression::Dedicated, .threshold = 0});
    std::vector<std::string> received;
    std::vector<std::string> expected;
    WebSocket ws(urlOf(echo.address), {.compression = {.mode = Compression::Dedicated, .threshold = 0}});
    ws.onmessage([&](const Message& message) { received.emplace_back(message.text()); });
    REQUIRE(turnUntil(loop, [&] { return ws.readyState() == ReadyState::Open; }));
    for (unsigned i = 0; i < 30; ++i) {
      expected.push_back(jsonText(400, i % 3));
      if (i % 3 == 0) {
        echo.app.publish("all", expected.back());
      } else {
        ws.send(expected.back());
      }
      REQUIRE(turnUntil(loop, [&] { return received.size() == expected.size(); }));
    }
    CHECK(received == expected);
  });
}

TEST_CASE("compression: broken and oversized messages end with 1007 and 1009") {
  overEachBackend([](net::Loop& loop) {
    test::ZlibDeflate deflate;
    struct Row {
      std::string payload;
      unsigned char first;
      std::string close;
    };
    const Row rows[] = {{"\xff\xff", 0xC1, "\x03\xef"},
                        {deflate.message("\xff"), 0xC1, "\x03\xef"},
                        {test::ZlibDeflate().message(std::string(10'001, 'a')), 0xC2, "\x03\xf1"},
                        {"", 0xC9, "\x03\xea"}};
    for (const Row& row : rows) {
      EchoApp echo({.mode = Compression::Shared}, {.maxMessageSize = 10'000});
      RawPeer peer(loop, echo.address, "permessage-deflate");
      peer.client.send(test::clientFrame(row.first, row.payload));
      const auto frames = peer.frames(1);
      CHECK(frames[0].first == 0x88);
      CHECK(frames[0].payload.substr(0, 2) == row.close);
      REQUIRE(turnUntil(loop, [&] { return peer.client.over(); }));
    }
    EchoApp echo({.mode = Compression::Shared, .threshold = 0}, {.maxMessageSize = 10'000});
    RawPeer peer(loop, echo.address, "permessage-deflate");
    peer.client.send(test::clientFrame(0xC2, test::ZlibDeflate().message(std::string(10'000, 'a'))));
    CHECK(inflated(peer.frames(1)[0].payload) == std::string(10'000, 'a'));
  });
}

TEST_CASE("compression: a message of a great many streams is refused before they cost much") {
  overEachBackend([](net::Loop& loop) {
    // What they all refer to is 32 KiB, in a stored block; each of the others is empty and takes two bytes.
    std::string payload("\x00\x00\x80\xff\x7f", 5);
    payload += noise(0x8000);
    for (int i = 0; i < 100'000; ++i) payload += std::string("\x03\x00", 2);
    EchoApp echo({.mode = Compression::Shared});
    RawPeer peer(loop, echo.address, "permessage-deflate");
    peer.client.send(longFrame(0xC2, payload));
    const auto frames = peer.frames(1);
    CHECK(frames[0].first == 0x88);
    CHECK(frames[0].payload.substr(0, 2) == "\x03\xef");
  });
}

TEST_CASE("compression: shared, a connection takes no memory for it; dedicated, it is given back when idle") {
  test::SimLoop sim;
  net::Loop& loop = sim.loop;
  auto& memory = loop.local<websocket::ConnectionMemory>();
  {
    EchoApp echo({.mode = Compression::Shared, .threshold = 0});
    RawPeer peer(loop, echo.address, "permessage-deflate");
    peer.client.send(test::clientFrame(0xC1, test::ZlibDeflate().message(jsonText(150))));
    CHECK(inflated(peer.frames(1)[0].payload) == jsonText(150));
    CHECK(memory.extras.taken() == 0);
    CHECK(memory.compression.used() == 0);
  }
  EchoApp echo({.mode = Compression::Dedicated, .threshold = 0});
  RawPeer peer(loop, echo.address, "permessage-deflate");
  CHECK(memory.compression.used() == 0);
  test::ZlibDeflate deflate;
  const std::string text = jsonText(150);
  peer.client.send(test::clientFrame(0xC1, deflate.message(text)));
  peer.frames(1);
  CHECK(memory.compression.used() > 80'000);
  REQUIRE(turnUntil(loop, [&] { return memory.compression.used() < 1000; }));
  // What the peer's messages refer to is still there; ours begin anew.
  const std::string again = deflate.message(text);
  CHECK(again.size() < 30);
  peer.client.send(test::clientFrame(0xC1, again));
  CHECK(inflated(peer.frames(2)[1].payload) == text);
  peer.client.close();
  REQUIRE(turnUntil(loop, [&] { return memory.extras.taken() == 0; }));
  CHECK(memory.compression.used() == 0);
}

TEST_CASE("compression: of what one read brings no more is inflated than may wait for a coroutine") {
  overEachBackend([](net::Loop& loop) {
    App app;
    bool awake = false;
    std::vector<std::size_t> sizes;
    int ended = 0;
    app.ws("/", {.open = [&](WebSocket ws) -> Task<> {
                   while (!awake) co_await Loop::sleep(Milliseconds(1));
                   while (auto message = co_await ws.receive()) sizes.push_back(message->size());
                 },
                 .close = [&](WebSocket, const CloseEvent& event) { ended = event.code; },
                 .compression = {.mode = Compression::Shared}});
    RawPeer peer(loop, app.listen(0, "127.0.0.1"), "permessage-deflate");
    std::vector<std::size_t> expected;
    std::string all;
    for (std::size_t i = 0; i < 15; ++i) {
      expected.push_back(200'000 + i);
      all += longFrame(0xC2, test::ZlibDeflate().message(std::string(expected.back(), '\0')));
    }
    for (std::size_t i = 0; i < 50; ++i) {
      expected.push_back(i);
      all += test::clientFrame(0x82, std::string(i, 'x'));
    }
    peer.client.send(all + test::clientFrame(0x88, "\x03\xe8"));
    peer.client.shutdown();
    REQUIRE(turnUntil(loop, [&] { return app.metrics().messagesReceived != 0 || peer.client.over(); }));
    for (int i = 0; i < 20; ++i) loop.turn(loop.now() + Milliseconds(1));
    CHECK(app.metrics().messagesReceived == 1);
    awake = true;
    REQUIRE(turnUntil(
        loop, [&] { return ended != 0; }, 2'000));
    CHECK(sizes == expected);
    CHECK(ended == 1000);
  });
}

TEST_CASE("compression: what a full backlog drops is not compressed before") {
  net::Loop loop("epoll");
  EchoApp echo({.mode = Compression::Dedicated, .threshold = 1'000},
               {.maxBufferedAmount = 20'000, .slowPeer = SlowPeer::DropNew});
  const RawPeer peer(loop, echo.address, "permessage-deflate");
  REQUIRE(turnUntil(loop, [&] { return echo.app.clients().size() == 1; }));
  WebSocket ws = echo.app.clients().front();
  while (ws.dropped() == 0) ws.send(std::string(900, 'x'));
  ws.send(std::string(5'000, 'x'));
  CHECK(ws.dropped() == 2);
  CHECK(loop.local<websocket::ConnectionMemory>().compression.tools.deflater.memory() == 0);
}

TEST_CASE("compression: what gets larger by it ends no connection whose route has a policy") {
  net::Loop loop("epoll");
  for (const SlowPeer policy : {SlowPeer::DropNew, SlowPeer::DropOld, SlowPeer::KeepLatest}) {
    EchoApp echo({.mode = Compression::Dedicated, .threshold = 0},
                 {.maxBufferedAmount = 150'000, .slowPeer = policy});
    RawPeer peer(loop, echo.address, "permessage-deflate");
    REQUIRE(turnUntil(loop, [&] { return echo.app.clients().size() == 1; }));
    WebSocket ws = echo.app.clients().front();
    // With these the plain bytes just fit into the limit, and the compressed ones do not.
    echo.app.publish("all", asBytes(noise(60'000)));
    const std::size_t queued = ws.bufferedAmount();
    REQUIRE(queued == 60'000);
    ws.send(asBytes(noise(150'000 - 60'000 - 10, 2)));
    CHECK(ws.readyState() == ReadyState::Open);
    CHECK(peer.frames(2)[1].first == 0xC2);
    CHECK(echo.failure == std::error_code());
  }
}

TEST_CASE("compression: what is dropped for a slow peer is not referred to") {
  net::Loop loop("epoll");
  for (const SlowPeer policy : {SlowPeer::DropNew, SlowPeer::DropOld, SlowPeer::KeepLatest}) {
    EchoApp echo({.mode = Compression::Dedicated, .threshold = 0},
                 {.maxBufferedAmount = 150'000, .slowPeer = policy});
    WebSocket ws(urlOf(echo.address), {.compression = {.mode = Compression::Dedicated, .threshold = 0}});
    std::optional<WebSocket> server;
    std::vector<std::string> received;
    ws.onmessage([&](const Message& message) { received.emplace_back(message.text()); });
    REQUIRE(turnUntil(loop, [&] { return echo.app.clients().size() == 1; }));
    server = echo.app.clients().front();
    const std::string bulk = noise(60'000);
    std::size_t sent = 0;
    for (int round = 0; round < 5; ++round) {
      // What is published stays in the queue until the end of the turn.
      echo.app.publish("all", asBytes(bulk + bulk));
      ++sent;
      for (unsigned i = 0; i < 12; ++i, ++sent) {
        const std::string text = std::to_string(sent) + jsonText(500, i % 3);
        if (i % 4 == 3) {
          server->send(asBytes(bulk));
        } else if (i % 4 == 2) {
          echo.app.publish("all", text, {.key = "k"});
        } else {
          server->send(text, {.key = "k"});
        }
      }
      // The last, which always fits, tells that all before has come.
      REQUIRE(turnUntil(loop, [&] { return server->bufferedAmount() == 0; }));
      server->send("end " + std::to_string(round));
      REQUIRE(turnUntil(
          loop, [&] { return !received.empty() && received.back() == "end " + std::to_string(round); }));
    }
    CHECK(server->dropped() > 0);
    CHECK(received.size() + server->dropped() == sent + 5);
    for (const std::string& message : received) {
      const bool known = message == bulk || message == bulk + bulk || message.starts_with("end ") ||
                         message.find("\"id\":") != std::string::npos;
      CHECK(known);
    }
    CHECK(ws.readyState() == ReadyState::Open);
  }
}
