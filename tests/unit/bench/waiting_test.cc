#include "bench/waiting.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <deque>
#include <random>
#include <utility>
#include <vector>

using duplex::bench::Waiting;

namespace {

using Runs = std::vector<std::pair<std::int64_t, std::size_t>>;

Runs pop(Waiting& waiting, std::size_t count) {
  Runs taken;
  waiting.pop(count, [&](std::int64_t time, std::size_t number) { taken.emplace_back(time, number); });
  return taken;
}

}  // namespace

TEST_CASE("the oldest come first, those of one time together") {
  Waiting waiting;
  waiting.push(10, 2);
  waiting.push(10, 1);
  waiting.push(20, 4);
  CHECK(waiting.size() == 7);
  CHECK(pop(waiting, 1) == Runs{{10, 1}});
  CHECK(pop(waiting, 3) == Runs{{10, 2}, {20, 1}});
  CHECK(waiting.size() == 3);
  CHECK(pop(waiting, 100) == Runs{{20, 3}});
  CHECK(waiting.size() == 0);
  CHECK(pop(waiting, 1).empty());
}

TEST_CASE("what is cleared is gone") {
  Waiting waiting;
  waiting.push(1, 5);
  waiting.clear();
  CHECK(waiting.size() == 0);
  waiting.push(1, 2);
  CHECK(pop(waiting, 5) == Runs{{1, 2}});
}

TEST_CASE("it does as a list of times does, however it grows and turns") {
  std::mt19937 random(3);
  Waiting waiting;
  std::deque<std::int64_t> expected;
  std::int64_t time = 0;
  for (int step = 0; step < 20'000; ++step) {
    const std::size_t count = random() % 4;
    if (random() % 100 < (step < 10'000 ? 55u : 45u)) {
      time += static_cast<std::int64_t>(random() % 2);
      waiting.push(time, count);
      expected.insert(expected.end(), count, time);
    } else {
      for (const auto& [taken, number] : pop(waiting, count)) {
        for (std::size_t i = 0; i < number; ++i) {
          REQUIRE(expected.front() == taken);
          expected.pop_front();
        }
      }
    }
    REQUIRE(waiting.size() == expected.size());
  }
}
