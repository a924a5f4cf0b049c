// The limits of WebSockets, each one below it, at it and beyond it: the close code, the log, the counter.
#include <doctest/doctest.h>

#include <string>

#include <duplex/duplex.h>

#include "support/limited_app.h"

using namespace duplex;
using test::besideTheLimit;
using test::clientFrame;
using test::LimitedApp;
using test::pass;
using test::settle;

namespace {

/// The code that the peer is closed with, 0 if it is not, once all that it sends has been read.
int closeCodeAfter(LimitedApp& guarded, const std::string& frames) {
  const auto client = guarded.open();
  client->send(frames);
  settle(guarded.sim.loop);
  return LimitedApp::closeCodeOf(*client);
}

}  // namespace

TEST_CASE("maxMessageSize: 1009") {
  const WebSocketLimits limits{.maxMessageSize = 100};
  besideTheLimit("maxMessageSize", {}, limits, [&](LimitedApp& guarded, int beside) {
    const std::string whole(static_cast<std::size_t>(100 + beside), 'x');
    CHECK(closeCodeAfter(guarded, clientFrame(0x81, whole)) == (beside > 0 ? 1009 : 0));
  });
  besideTheLimit("maxMessageSize", {}, limits, [&](LimitedApp& guarded, int beside) {
    const std::string rest(static_cast<std::size_t>(40 + beside), 'x');
    const std::string frames = clientFrame(0x01, std::string(60, 'x')) + clientFrame(0x89, "ping") +
                               clientFrame(0x00, "") + clientFrame(0x80, rest);
    CHECK(closeCodeAfter(guarded, frames) == (beside > 0 ? 1009 : 0));
  });
}

TEST_CASE("maxFragments: 1008") {
  for (const char* payload : {"", "x"}) {
    besideTheLimit("maxFragments", {}, {.maxFragments = 10}, [&](LimitedApp& guarded, int beside) {
      std::string frames = clientFrame(0x01, payload);
      for (int i = 2; i < 10 + beside; ++i) frames += clientFrame(0x00, payload);
      CHECK(closeCodeAfter(guarded, frames + clientFrame(0x80, payload)) == (beside > 0 ? 1008 : 0));
    });
  }
}

TEST_CASE("maxFramesPerSecond: 1008, whatever the frames are") {
  const std::string whole = clientFrame(0x81, "a");
  const std::string control = clientFrame(0x89, "") + clientFrame(0x8A, "");
  const std::string pieces = clientFrame(0x01, "b") + clientFrame(0x89, "") + clientFrame(0x00, "c") +
                             clientFrame(0x8A, "") + clientFrame(0x80, "d");
  // Nine frames, and then as many as may be or one more.
  const std::string nine = whole + control + pieces + clientFrame(0x02, "part of one");
  for (const std::size_t cut : {std::size_t{0}, std::size_t{1}, std::size_t{3}, nine.size()}) {
    CAPTURE(cut);
    besideTheLimit("maxFramesPerSecond", {}, {.maxFramesPerSecond = 12},
                   [&](LimitedApp& guarded, int beside) {
                     std::string frames = nine;
                     for (int i = 0; i < 2 + beside; ++i) frames += clientFrame(0x00, "");
                     frames += clientFrame(0x80, "end");
                     const auto client = guarded.open();
                     for (std::size_t at = 0; at < frames.size(); at += cut == 0 ? frames.size() : cut) {
                       client->send(frames.substr(at, cut == 0 ? std::string::npos : cut));
                       settle(guarded.sim.loop);
                     }
                     CHECK(LimitedApp::closeCodeOf(*client) == (beside > 0 ? 1008 : 0));
                   });
  }
}

TEST_CASE("maxFramesPerSecond: each second anew") {
  LimitedApp guarded({}, {.maxFramesPerSecond = 5, .pingInterval = Milliseconds(0)});
  const auto client = guarded.open();
  for (int second = 0; second < 10; ++second) {
    for (int i = 0; i < 5; ++i) client->send(clientFrame(0x81, "x"));
    pass(guarded.sim.loop, std::chrono::seconds(1));
  }
  CHECK(guarded.count("messagesReceived") == 50);
  guarded.wasKept();
  for (int i = 0; i < 6; ++i) client->send(clientFrame(0x81, "x"));
  settle(guarded.sim.loop);
  CHECK(LimitedApp::closeCodeOf(*client) == 1008);
  guarded.wasExceeded("maxFramesPerSecond");
}

TEST_CASE("maxBufferedAmount: 1008") {
  // Queued are 600 bytes with a header of 4, and what is sent beside it, whose header does not count.
  besideTheLimit("maxBufferedAmount", {}, {.maxBufferedAmount = 1000}, [&](LimitedApp& guarded, int beside) {
    guarded.onmessage = [&](WebSocket ws, const Message&) {
      ws.send(std::string(600, 'x'));
      ws.send(std::string(static_cast<std::size_t>(396 + beside), 'x'));
    };
    CHECK(closeCodeAfter(guarded, clientFrame(0x81, "go")) == (beside > 0 ? 1008 : 0));
  });
}

TEST_CASE("idleTimeout: 1001 to a peer that has vanished without a word") {
  const WebSocketLimits limits{.idleTimeout = Milliseconds(10'000), .pingInterval = Milliseconds(3'000)};
  // When something was received is known to about a millisecond.
  besideTheLimit("idleTimeout", {}, limits, [&](LimitedApp& guarded, int beside) {
    const auto client = guarded.open();
    pass(guarded.sim.loop, limits.idleTimeout + Milliseconds(20 * beside - 10));
    settle(guarded.sim.loop);
    const bool pinged = test::framesIn(client->received).size() >= 3;
    CHECK(pinged);
    CHECK(LimitedApp::closeCodeOf(*client) == (beside > 0 ? 1001 : 0));
  });
}

TEST_CASE("closeTimeout: cut") {
  const WebSocketLimits limits{.closeTimeout = Milliseconds(4'000)};
  besideTheLimit("closeTimeout", {}, limits, [&](LimitedApp& guarded, int beside) {
    const auto client = guarded.open();
    guarded.sockets[0].close(4000);
    settle(guarded.sim.loop);
    CHECK(LimitedApp::closeCodeOf(*client) == 4000);
    pass(guarded.sim.loop, limits.closeTimeout + Milliseconds(beside - 1));
    settle(guarded.sim.loop);
    CHECK(client->over() == (beside > 0));
  });
}
