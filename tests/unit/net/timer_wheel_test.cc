#include "net/timer_wheel.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <stdexcept>
#include <vector>

#include <duplex/function.h>

using duplex::Milliseconds;
using duplex::TimePoint;
using duplex::net::Timer;
using duplex::net::TimerWheel;

namespace {

const TimePoint start{std::chrono::hours(7)};

struct Probe final : Timer {
  duplex::Function<void()> run;
  int runs = 0;
  void onTimer() override {
    ++runs;
    if (run) run();
  }
};

}  // namespace

TEST_CASE("a timer runs once, at its time and never before") {
  for (const std::int64_t delay : {0, 1, 255, 256, 257, 65535, 65536, 65537, 16777216, 20000000}) {
    TimerWheel wheel(start);
    wheel.advance(start + Milliseconds(1000));
    Probe probe;
    const TimePoint when = start + Milliseconds(1000 + delay);
    wheel.schedule(probe, when);
    if (delay > 0) {
      wheel.advance(when - Milliseconds(1));
      CHECK(probe.runs == 0);
    }
    wheel.advance(when);
    CHECK(probe.runs == 1);
    wheel.advance(when + std::chrono::hours(1));
    CHECK(probe.runs == 1);
    CHECK_FALSE(probe.pending());
  }
}

TEST_CASE("a time between two ticks is rounded up") {
  TimerWheel wheel(start);
  Probe probe;
  wheel.schedule(probe, start + std::chrono::microseconds(1500));
  wheel.advance(start + std::chrono::microseconds(1999));
  CHECK(probe.runs == 0);
  wheel.advance(start + Milliseconds(2));
  CHECK(probe.runs == 1);
}

TEST_CASE("timers run in the order of their times, however far the wheel is turned at once") {
  std::mt19937_64 random(42);
  TimerWheel wheel(start);
  std::vector<std::unique_ptr<Probe>> probes;
  std::vector<std::uint64_t> order;
  for (int i = 0; i < 5000; ++i) {
    const std::uint64_t delay = random() % (i % 3 == 0 ? 300 : i % 3 == 1 ? 70'000 : 30'000'000);
    probes.push_back(std::make_unique<Probe>());
    probes.back()->run = [&order, delay] { order.push_back(delay); };
    wheel.schedule(*probes.back(), start + Milliseconds(delay));
  }
  TimePoint now = start;
  while (order.size() < probes.size()) {
    const std::size_t before = order.size();
    now += Milliseconds(random() % 1'000'000);
    wheel.advance(now);
    for (std::size_t i = before; i < order.size(); ++i) CHECK(start + Milliseconds(order[i]) <= now);
  }
  CHECK(std::is_sorted(order.begin(), order.end()));
}

TEST_CASE("next is never later than the next timer, and turning to it again and again gets there") {
  std::mt19937_64 random(7);
  for (int round = 0; round < 300; ++round) {
    TimerWheel wheel(start);
    CHECK_FALSE(wheel.next().has_value());
    TimePoint now = start + Milliseconds(random() % 100'000'000);
    wheel.advance(now);
    Probe probe;
    const TimePoint when = now + Milliseconds(1 + random() % (1ull << (random() % 33)));
    wheel.schedule(probe, when);
    int turns = 0;
    while (probe.runs == 0) {
      const auto next = wheel.next();
      REQUIRE(next.has_value());
      REQUIRE(*next <= when);
      REQUIRE(*next > now);
      now = *next;
      wheel.advance(now);
      REQUIRE(++turns <= 8);
    }
    CHECK(now == when);
  }
}

TEST_CASE("a timer beyond the reach of the wheel waits for its time") {
  TimerWheel wheel(start);
  Probe probe;
  const TimePoint when = start + std::chrono::hours(24 * 100);
  wheel.schedule(probe, when);
  for (TimePoint now = start; now < when; now += std::chrono::hours(24)) wheel.advance(now);
  CHECK(probe.runs == 0);
  wheel.advance(when);
  CHECK(probe.runs == 1);
}

TEST_CASE("a timer can be set anew, cancelled and destroyed at any time") {
  TimerWheel wheel(start);
  Probe first;
  wheel.schedule(first, start + Milliseconds(10));
  wheel.schedule(first, start + Milliseconds(20));
  wheel.advance(start + Milliseconds(15));
  CHECK(first.runs == 0);
  first.cancel();
  wheel.advance(start + Milliseconds(30));
  CHECK(first.runs == 0);

  auto second = std::make_unique<Probe>();
  wheel.schedule(*second, start + Milliseconds(40));
  wheel.schedule(first, start + Milliseconds(40));
  Probe third;
  third.run = [&] {
    second.reset();
    first.cancel();
    wheel.schedule(third, start + Milliseconds(40));  // has passed: the next call
  };
  wheel.schedule(third, start + Milliseconds(39));
  wheel.advance(start + Milliseconds(40));
  CHECK(first.runs == 0);
  CHECK(third.runs == 1);
  third.run = nullptr;
  wheel.advance(start + Milliseconds(40));
  CHECK(third.runs == 2);
}

TEST_CASE("what follows a timer that throws runs at the next call") {
  TimerWheel wheel(start);
  Probe bad;
  bad.run = [] { throw std::runtime_error("bad"); };
  Probe good;
  wheel.schedule(bad, start + Milliseconds(1));
  wheel.schedule(good, start + Milliseconds(2));
  CHECK_THROWS_AS(wheel.advance(start + Milliseconds(5)), std::runtime_error);
  CHECK(good.runs == 0);
  wheel.advance(start + Milliseconds(5));
  CHECK(good.runs == 1);
}

TEST_CASE("a wheel that ends cancels its timers") {
  Probe probe;
  {
    TimerWheel wheel(start);
    wheel.schedule(probe, start + Milliseconds(5));
    CHECK(probe.pending());
  }
  CHECK_FALSE(probe.pending());
}
