// Answers that are sent from where the question was received, over each back end.
#include <doctest/doctest.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include <duplex/duplex.h>

#include "support/loops.h"
#include "support/random_text.h"
#include "support/raw_client.h"
#include "support/server_frames.h"

using namespace duplex;
using test::framesIn;
using test::overEachBackend;
using test::randomText;
using test::RawClient;
using test::ServerFrame;
using test::turnUntil;
using test::upgradeRequest;

namespace {

constexpr std::size_t sizes[] = {4'095, 4'096, 16'384, 20'001, 65'535, 65'536, 100'000};

/// A client's frame of any length.
std::string masked(unsigned char first, const std::string& text) {
  const char key[] = {0x11, 0x22, 0x33, 0x44};
  std::string frame{static_cast<char>(first)};
  const int bytes = text.size() < 126 ? 0 : text.size() < 65'536 ? 2 : 8;
  const std::size_t length = bytes == 0 ? text.size() : bytes == 2 ? 126 : 127;
  frame += static_cast<char>(0x80 | length);
  for (int i = bytes - 1; i >= 0; --i) frame += static_cast<char>(text.size() >> 8 * i & 0xFF);
  frame.append(key, 4);
  for (std::size_t i = 0; i < text.size(); ++i) frame += static_cast<char>(text[i] ^ key[i % 4]);
  return frame;
}

/// A server with one route, and those who ask it.
struct World {
  World(net::Loop& onLoop, Function<void(WebSocket, const Message&)> answer, int clients = 1,
        const WebSocketLimits& limits = {})
      : loop(onLoop) {
    app.ws("/", {.message = std::move(answer), .drain = [this](WebSocket) { ++drained; }, .limits = limits});
    address = app.listen(0, "127.0.0.1");
    for (int i = 0; i < clients; ++i) {
      peers.push_back(std::make_unique<RawClient>(loop, address));
      peers.back()->send(upgradeRequest());
      REQUIRE(turnUntil(loop, [&] { return peers.back()->received.ends_with("\r\n\r\n"); }));
    }
  }
  /// All frames of one peer, when so many bytes of them have come: to look at each turn would take long.
  std::vector<ServerFrame> wait(std::size_t bytes, std::size_t peer = 0) {
    const RawClient& client = *peers[peer];
    const std::size_t all = client.received.find("\r\n\r\n") + 4 + bytes;
    REQUIRE(turnUntil(loop, [&] { return client.received.size() >= all || client.over(); }));
    return framesIn(client.received);
  }

  net::Loop& loop;
  App app;
  Address address;
  std::vector<std::unique_ptr<RawClient>> peers;
  int drained = 0;
};

/// Of a server's frame.
std::size_t frameSize(std::size_t length) {
  return length + (length < 126 ? 2 : length < 65'536 ? 4 : 10);
}

void check(const ServerFrame& frame, unsigned char first, const std::string& text) {
  CHECK(frame.first == first);
  CHECK((frame.payload == text));
}

}  // namespace

TEST_CASE("a large message may be answered with itself, its parts, and itself as another type") {
  overEachBackend([](net::Loop& loop) {
    bool intact = true;
    World world(loop, [&](WebSocket ws, const Message& message) {
      const std::string before(asText(message.bytes()));
      ws.send(message);
      ws.send(asText(message.bytes()));
      ws.send(message.bytes());
      ws.send(message.bytes().subspan(5));
      ws.send(message.bytes().first(4'000));
      intact = intact && before == asText(message.bytes());
    });
    for (const std::size_t size : sizes) {
      const std::string text = randomText(size);
      // Whole, behind another, and in front of the beginning of a third.
      const std::string third = masked(0x81, text);
      world.peers[0]->send(masked(0x82, text) + masked(0x81, text) + third.substr(0, third.size() / 2));
      loop.turn(loop.now());
      world.peers[0]->send(std::string_view(third).substr(third.size() / 2));
    }
    std::size_t bytes = 0;
    for (const std::size_t size : sizes)
      bytes +=
          3 * (3 * frameSize(size) + frameSize(size - 5) + frameSize(std::min<std::size_t>(size, 4'000)));
    const std::vector<ServerFrame> frames = world.wait(bytes);
    REQUIRE(frames.size() == std::size(sizes) * 15);
    std::size_t at = 0;
    for (const std::size_t size : sizes) {
      const std::string text = randomText(size);
      for (const unsigned char type : {0x82, 0x81, 0x81}) {
        check(frames[at++], type, text);
        check(frames[at++], 0x81, text);
        check(frames[at++], 0x82, text);
        check(frames[at++], 0x82, text.substr(5));
        check(frames[at++], 0x82, text.substr(0, 4'000));
      }
    }
    CHECK(intact);
  });
}

TEST_CASE("who does not read gets what was sent from there when he does") {
  overEachBackend([](net::Loop& loop) {
    constexpr std::size_t count = 250;
    World world(
        loop, [](WebSocket ws, const Message& message) { ws.send(message); }, 3);
    for (const auto& peer : world.peers) peer->pause();
    std::vector<std::string> texts;
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < count; ++i) {
      texts.push_back(randomText(4'096 + 155 * i));
      bytes += frameSize(texts.back().size());
    }
    for (const std::string& text : texts) {
      for (const auto& peer : world.peers) peer->send(masked(0x82, text));
      loop.turn(loop.now());
    }
    for (int i = 0; i < 50; ++i) loop.turn(loop.now());
    for (const auto& peer : world.peers) peer->resume();
    for (std::size_t peer = 0; peer < world.peers.size(); ++peer) {
      const std::vector<ServerFrame> frames = world.wait(bytes, peer);
      REQUIRE(frames.size() == count);
      for (std::size_t i = 0; i < count; ++i) check(frames[i], 0x82, texts[i]);
    }
  });
}

TEST_CASE("what is sent from there counts as queued until it is gone") {
  overEachBackend([](net::Loop& loop) {
    std::vector<std::size_t> sent;
    WebSocket server;
    World world(loop, [&](WebSocket ws, const Message& message) {
      server = ws;
      ws.send(message);
      sent.push_back(ws.bufferedAmount());
    });
    const std::string text = randomText(20'000);
    for (std::size_t i = 1; i <= 10; ++i) {
      world.peers[0]->send(masked(0x82, text));
      CHECK(world.wait(i * frameSize(text.size())).size() == i);
    }
    CHECK(turnUntil(loop, [&] { return server.bufferedAmount() == 0; }));
    // One that came in two parts lies elsewhere, and goes to the kernel at once.
    if (loop.backendName() == "uring") CHECK(std::count(sent.begin(), sent.end(), text.size()) > 0);
  });
}

TEST_CASE("what is sent from there leaves room for more, if the peer takes it") {
  overEachBackend([](net::Loop& loop) {
    if (loop.backendName() == "sim") return;
    for (const SlowPeer policy : {SlowPeer::Close, SlowPeer::KeepLatest}) {
      World world(loop,
                  [](WebSocket ws, const Message& message) {
                    ws.send(message);
                    ws.send("once", {.key = "key"});
                    ws.send("again", {.key = "key"});
                  },
                  1, {.maxBufferedAmount = 64 * 1024, .slowPeer = policy});
      for (const std::size_t size : {20'001U, 60'000U, 100'000U}) {
        world.peers[0]->received.resize(world.peers[0]->received.find("\r\n\r\n") + 4);
        const std::string text = randomText(size);
        world.peers[0]->send(masked(0x82, text));
        const std::vector<ServerFrame> frames = world.wait(frameSize(size) + 13);
        REQUIRE(frames.size() == 3);
        check(frames[0], 0x82, text);
        check(frames[1], 0x81, "once");
        check(frames[2], 0x81, "again");
      }
      CHECK(world.drained == 0);
    }
  });
}

TEST_CASE("a message that many are sent, who asked among them") {
  overEachBackend([](net::Loop& loop) {
    std::vector<WebSocket> all;
    World world(
        loop,
        [&](WebSocket ws, const Message& message) {
          ws.send(message);
          for (WebSocket each : all) each.send(asText(message.bytes()));
          if (message.bytes().size() == 65'536) ws.terminate();
        },
        4);
    for (WebSocket each : world.app.clients("/")) all.push_back(each);
    REQUIRE(all.size() == 4);
    for (const std::size_t size : sizes) {
      for (const auto& peer : world.peers) {
        if (peer == world.peers[0] || size != 65'536) peer->send(masked(0x82, randomText(size)));
      }
    }
    REQUIRE(turnUntil(loop, [&] { return world.peers[0]->over(); }));
    // Who asks gets the answer and what each is sent. The first is cut off after 64 KiB, which none of the
    // others asked.
    const auto asked = [](std::size_t size) { return size < 65'536 ? 4u : size == 65'536 ? 1u : 3u; };
    const auto answered = [](std::size_t size) { return size == 65'536 ? 0u : 1u; };
    std::size_t bytes = 0;
    for (const std::size_t size : sizes) bytes += frameSize(size) * (asked(size) + answered(size));
    for (std::size_t peer = 1; peer < world.peers.size(); ++peer) {
      const std::vector<ServerFrame> frames = world.wait(bytes, peer);
      for (const std::size_t size : sizes) {
        std::size_t own = 0;
        std::size_t any = 0;
        const std::string text = randomText(size);
        for (const ServerFrame& frame : frames) {
          own += frame.first == 0x82 && frame.payload == text;
          any += frame.first == 0x81 && frame.payload == text;
        }
        CHECK(own == answered(size));
        CHECK(any == asked(size));
      }
    }
  });
}
