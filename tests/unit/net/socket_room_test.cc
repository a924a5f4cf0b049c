#include "net/socket.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "support/loops.h"
#include "support/random_text.h"
#include "support/socket_ends.h"

using namespace duplex;
using test::overEachBackend;
using test::Pair;
using test::randomText;
using test::turnUntil;

namespace {

/// Has memory of its own for what is large: all, up to a size.
struct Roomy final : net::SocketHandler {
  net::Socket* socket = nullptr;
  std::string received;
  std::vector<std::byte> own = std::vector<std::byte>(100'000);
  std::size_t large = 0;
  std::size_t inRoom = 0;
  bool ended = false;
  std::error_code error;
  Function<void()> onDataHook;

  void offer() { socket->offerRoom(received.size() < large); }
  void onData(MutableBytes bytes) override {
    if (bytes.data() == own.data()) inRoom += bytes.size();
    received += asText(bytes);
    offer();
    if (onDataHook) onDataHook();
  }
  MutableBytes room() override {
    return MutableBytes(own).first(std::min(own.size(), large - received.size()));
  }
  void onEnd() override { ended = true; }
  void onFailed(std::error_code why) override {
    error = why;
    socket = nullptr;
  }
};

/// A connection whose accepted end waits for something large.
struct RoomyPair : Pair {
  explicit RoomyPair(net::Loop& loop) : Pair(loop) {
    roomy.socket = std::exchange(peer->socket, nullptr);
    roomy.socket->setHandler(roomy);
    roomy.large = 10'000'000;
    roomy.offer();
    client.socket->output().append(randomText(1'000));
    REQUIRE(turnUntil(loop, [&] { return roomy.received.size() == 1'000; }));
  }
  ~RoomyPair() {
    if (roomy.socket != nullptr) roomy.socket->close();
  }

  Roomy roomy;
};

}  // namespace

TEST_CASE("what is large is received where its handler wants it, and what follows as before") {
  overEachBackend([](net::Loop& loop) {
    Pair pair(loop);
    Roomy roomy;
    roomy.socket = pair.peer->socket;
    const std::string text = randomText(1'000'000);
    for (int round = 1; round <= 3; ++round) {
      roomy.large = roomy.received.size() + text.size() / 2;
      pair.peer->socket->setHandler(roomy);
      roomy.offer();
      const std::size_t all = roomy.received.size() + text.size();
      pair.client.socket->output().append(text);
      REQUIRE(turnUntil(loop, [&] { return roomy.received.size() == all; }));
      CHECK(roomy.received.compare(all - text.size(), text.size(), text) == 0);
      // Paused and not, in whichever state that meets it.
      roomy.socket->pause();
      loop.turn(loop.now());
      roomy.socket->resume();
    }
    CHECK(roomy.inRoom > 0);
    pair.peer->socket->setHandler(*pair.peer);
  });
}

TEST_CASE("who pauses in the middle of what is large gets the rest when it reads again, then the end") {
  overEachBackend([](net::Loop& loop) {
    RoomyPair pair(loop);
    const std::string text = randomText(300'000);
    pair.roomy.onDataHook = [&] { pair.roomy.socket->pause(); };
    pair.client.socket->output().append(text);
    pair.client.socket->shutdown();
    std::size_t pauses = 0;
    const auto done = [&] { return pair.roomy.ended; };
    while (!done() && pauses < 100'000) {
      const std::size_t before = pair.roomy.received.size();
      for (int turn = 0; turn < 5; ++turn) loop.turn(loop.now());
      // At most what had been received when it paused.
      CHECK(pair.roomy.received.size() - before <= pair.roomy.own.size());
      pair.roomy.socket->resume();
      loop.turn(loop.now() + std::chrono::milliseconds(1));
      ++pauses;
    }
    CHECK(done());
    CHECK((pair.roomy.received.substr(1'000) == text));
    CHECK(pair.roomy.inRoom > 0);
  });
}

TEST_CASE("who waits for what is large hears of a reset, and may be closed in its own call") {
  overEachBackend([](net::Loop& loop) {
    RoomyPair reset(loop);
    reset.client.socket->close(true);
    reset.client.socket = nullptr;
    CHECK(turnUntil(loop, [&] { return reset.roomy.error == std::errc::connection_reset; }));
  });
  overEachBackend([](net::Loop& loop) {
    RoomyPair closed(loop);
    closed.roomy.onDataHook = [&] { std::exchange(closed.roomy.socket, nullptr)->close(); };
    closed.client.socket->output().append(randomText(1'000'000));
    CHECK(turnUntil(loop, [&] { return closed.client.ended || closed.client.failed; }));
    CHECK(closed.roomy.received.size() < 1'000'000);
    CHECK(!closed.roomy.ended);
    CHECK(!closed.roomy.error);
  });
}
