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

TEST_CASE("a sweep over many connections takes more than one turn, and leaves none out") {
  constexpr std::size_t count = 2'500;
  // RFC 7692 §7.2.3.1: "Hello", compressed.
  constexpr std::string_view hello("\xf2\x48\xcd\xc9\xc9\x07\x00", 7);
  test::SimLoop sim;
  CompressionMemory memory(sim.loop);
  const protocol::SessionLimits limits;
  const protocol::DeflateAgreement agreement{.parameters = {}, .header = "permessage-deflate"};
  std::vector<std::unique_ptr<DedicatedCompression>> connections;
  for (std::size_t i = 0; i < count; ++i) {
    connections.push_back(
        std::make_unique<DedicatedCompression>(memory, protocol::Role::Server, limits, agreement));
    // Room is taken for more than these.
    for (int j = 0; j < 3; ++j) connections.back()->deflate.inflate(asBytes(hello), 100);
  }
  const std::size_t busy = memory.used();
  const std::size_t idle = count * 3 * 5;
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
  constexpr std::string_view hello("\xf2\x48\xcd\xc9\xc9\x07\x00", 7);
  test::SimLoop sim;
  CompressionMemory memory(sim.loop);
  const protocol::SessionLimits limits;
  const protocol::DeflateAgreement agreement{.parameters = {}, .header = "permessage-deflate"};
  std::vector<std::unique_ptr<DedicatedCompression>> connections;
  for (std::size_t i = 0; i < 2'500; ++i) {
    connections.push_back(
        std::make_unique<DedicatedCompression>(memory, protocol::Role::Server, limits, agreement));
    for (int j = 0; j < 3; ++j) connections.back()->deflate.inflate(asBytes(hello), 100);
  }
  const std::size_t busy = memory.used();
  const TimePoint end = sim.loop.now() + 60s;
  while (memory.used() == busy && sim.loop.now() < end) sim.loop.turn(end);
  REQUIRE(memory.used() < busy);
  // Those that came last have been looked at; all but a hundred of the others go, the next one among them.
  connections.erase(connections.begin() + 100, connections.begin() + 1'600);
  const std::size_t idle = connections.size() * 3 * 5;
  while (memory.used() != idle && sim.loop.now() < end) sim.loop.turn(end);
  CHECK(memory.used() == idle);
  connections.clear();
  CHECK(memory.used() == 0);
}
