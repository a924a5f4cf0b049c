#include "bench/pacer.h"

#include <doctest/doctest.h>

#include <chrono>
#include <vector>

using duplex::Clock;
using duplex::TimePoint;
using duplex::bench::Histogram;
using duplex::bench::Pacer;
using duplex::net::Loop;
using namespace std::chrono_literals;

namespace {

/// The times meant for the first `count` messages at `rate`, in microseconds after the start.
std::vector<long> meantTimes(double rate, std::size_t count) {
  Loop loop;
  Histogram lateness;
  std::vector<long> times;
  const TimePoint start = Clock::now();
  Pacer pacer(loop, rate, lateness, [&](TimePoint meant) {
    CHECK(meant <= Clock::now());
    times.push_back(std::chrono::duration_cast<std::chrono::microseconds>(meant - start).count());
    return true;
  });
  pacer.start(start);
  while (times.size() < count) loop.turn();
  pacer.stop();
  CHECK(lateness.count() == times.size());
  times.resize(count);
  return times;
}

}  // namespace

TEST_CASE("messages are meant to go at equal distances, and never go early") {
  CHECK(meantTimes(1000, 5) == std::vector<long>{0, 1000, 2000, 3000, 4000});
  CHECK(meantTimes(10'000, 4) == std::vector<long>{0, 100, 200, 300});
}

TEST_CASE("many go in bursts, as many in all") {
  CHECK(meantTimes(20'000, 6) == std::vector<long>{0, 100, 100, 200, 200, 300});
  const auto times = meantTimes(1e6, 2001);
  CHECK(times.back() == 2000);
}

TEST_CASE("what is refused comes again, and its wait is not the pacer's") {
  Loop loop;
  Histogram lateness;
  int refusals = 0;
  std::vector<TimePoint> taken;
  bool open = false;
  Pacer pacer(loop, 1000, lateness, [&](TimePoint meant) {
    if (!open) {
      ++refusals;
      return false;
    }
    taken.push_back(meant);
    return true;
  });
  const TimePoint start = Clock::now();
  pacer.start(start);
  while (refusals == 0) loop.turn();
  const TimePoint opening = Clock::now() + 20ms;
  while (Clock::now() < opening) loop.turn(Clock::now() + 5ms);
  CHECK(refusals == 1);
  open = true;
  pacer.resume();
  while (taken.size() < 10) loop.turn();
  CHECK(taken.front() == start);
  CHECK(taken[1] - taken[0] == 1ms);
  CHECK(lateness.count() < taken.size());
}

TEST_CASE("after stop nothing comes") {
  Loop loop;
  Histogram lateness;
  int count = 0;
  Pacer pacer(loop, 10'000, lateness, [&](TimePoint) {
    ++count;
    return true;
  });
  pacer.start(Clock::now());
  while (count == 0) loop.turn();
  pacer.stop();
  const int before = count;
  loop.turn(Clock::now() + 5ms);
  CHECK(count == before);
}
