#pragma once

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include <duplex/duplex.h>

#include "support/loops.h"
#include "support/raw_client.h"
#include "support/server_frames.h"

namespace duplex::test {

/// Those that do not end the connection.
inline constexpr SlowPeer policies[] = {SlowPeer::DropNew, SlowPeer::DropOld, SlowPeer::KeepLatest};

/// More than a socket's queue is filled up to: what is sent after it waits.
inline const std::string filler(70'000, 'f');
inline constexpr std::size_t fillerFrame = 70'000 + 10;

/// A server with one route, and a connection to it that reads when it is told to.
struct Peer {
  Peer(net::Loop& onLoop, WebSocketLimits limits) : loop(onLoop) {
    app.ws("/", {.open =
                     [this](WebSocket ws) {
                       ws.subscribe("t");
                       server = ws;
                     },
                 .drain = [this] { ++drains; },
                 .error = [this](WebSocket, const Error& error) { failure = error.code; },
                 .close = [this](WebSocket ws, const CloseEvent&) { lost = ws.bufferedAmount(); },
                 .limits = limits});
    raw.emplace(loop, app.listen(0, "127.0.0.1"));
    raw->send(upgradeRequest());
    REQUIRE(turnUntil(loop, [&] { return raw->received.ends_with("\r\n\r\n"); }));
    raw->pause();
  }

  /// Fills the socket's queue, so that what follows waits until the loop's next turn at least. Nothing of
  /// it goes to the kernel before, as of a large message that is sent.
  void fill() { app.publish("t", filler); }
  /// All that has come, of one type: the payloads.
  std::vector<std::string> payloads(unsigned char first = 0x81) const {
    std::vector<std::string> all;
    for (const ServerFrame& frame : framesIn(raw->received)) {
      if (frame.first == first) all.push_back(frame.payload);
    }
    return all;
  }
  /// Lets it read all that is sent.
  std::vector<std::string> readAll() {
    raw->resume();
    REQUIRE(turnUntil(loop, [&] { return drains > 0; }));
    server.ping("the end");
    REQUIRE(turnUntil(loop, [&] { return payloads(0x89).size() == 1; }));
    return payloads();
  }

  net::Loop& loop;
  App app;
  WebSocket server;
  int drains = 0;
  std::size_t lost = 0;
  std::error_code failure;
  std::optional<RawClient> raw;
};

inline std::string numbered(int number, std::size_t size) {
  std::string text = std::to_string(number) + ' ';
  return text + std::string(size - text.size(), 'x');
}

inline int numberOf(const std::string& text) {
  return std::stoi(text);
}

inline std::vector<int> numbersOf(const std::vector<std::string>& texts) {
  std::vector<int> numbers;
  for (const std::string& text : texts) numbers.push_back(text == filler ? -1 : numberOf(text));
  return numbers;
}

inline std::vector<int> range(int begin, int end) {
  std::vector<int> numbers;
  for (int i = begin; i < end; ++i) numbers.push_back(i);
  return numbers;
}

inline std::vector<int> operator+(std::vector<int> first, const std::vector<int>& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

}  // namespace duplex::test
