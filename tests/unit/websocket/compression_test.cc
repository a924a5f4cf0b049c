#include "websocket/compression.h"

#include <doctest/doctest.h>

#include <memory>
#include <string_view>
#include <vector>

#include "support/loops.h"

using namespace duplex;
using namespace std::chrono_literals;
using websocket::CompressionMemory;
using websocket::DedicatedCompression;

namespace {

// RFC 7692 §7.2.3.1: "Hello", compressed.
constexpr std::string_view hello("\xf2\x48\xcd\xc9\xc9\x07\x00", 7);
// Messages that each connection has received.
constexpr std::size_t received = 3;

/// Connections that have just been used.
struct Crowd {
  explicit Crowd(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      connections.push_back(
          std::make_unique<DedicatedCompression>(memory, protocol::Role::Server, limits, agreement));
      for (std::size_t j = 0; j < received; ++j) connections.back()->deflate.inflate(asBytes(hello), 100);
    }
  }
  /// Bytes of all when nothing is held that is not needed: what the peer may refer to.
  std::size_t idle() const { return connections.size() * received * std::string_view("Hello").size(); }

  test::SimLoop sim;
  CompressionMemory memory{sim.loop};
  const protocol::SessionLimits limits;
  const protocol::DeflateAgreement agreement{.parameters = {}, .header = "permessage-deflate"};
  std::vector<std::unique_ptr<DedicatedCompression>> connections;
};

}  // namespace

TEST_CASE("a sweep over many connections takes more than one turn, and leaves none out") {
  constexpr std::size_t count = 2'500;
  Crowd crowd(count);
  test::SimLoop& sim = crowd.sim;
  const CompressionMemory& memory = crowd.memory;
  const std::size_t busy = memory.used();
  const std::size_t idle = crowd.idle();
  REQUIRE(busy > idle);
  const std::size_t each = (busy - idle) / count;
  std::size_t before = busy;
  int turns = 0;
  const TimePoint end = sim.loop.now() + 60s;
  while (memory.used() != idle && sim.loop.now() < end) {
    sim.loop.turn(end);
    const std::size_t now = memory.used();
    CHECK(before - now <= 1'000 * each);
    if (now != before) ++turns;
    before = now;
  }
  CHECK(memory.used() == idle);
  CHECK(turns == 3);
}

TEST_CASE("connections may go while a sweep is under way") {
  Crowd crowd(2'500);
  test::SimLoop& sim = crowd.sim;
  const CompressionMemory& memory = crowd.memory;
  auto& connections = crowd.connections;
  const std::size_t busy = memory.used();
  const TimePoint end = sim.loop.now() + 60s;
  while (memory.used() == busy && sim.loop.now() < end) sim.loop.turn(end);
  REQUIRE(memory.used() < busy);
  // Those that came last have been looked at; all but a hundred of the others go, the next one among them.
  connections.erase(connections.begin() + 100, connections.begin() + 1'600);
  const std::size_t idle = crowd.idle();
  while (memory.used() != idle && sim.loop.now() < end) sim.loop.turn(end);
  CHECK(memory.used() == idle);
  connections.clear();
  CHECK(memory.used() == 0);
}
