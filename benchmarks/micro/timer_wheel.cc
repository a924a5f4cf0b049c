// Timers: setting, cancelling, running.

#include <benchmark/benchmark.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <vector>

#include "net/timer_wheel.h"

using duplex::Milliseconds;
using duplex::TimePoint;
using duplex::net::Timer;
using duplex::net::TimerWheel;

namespace {

const TimePoint start{std::chrono::hours(1)};

struct Idle final : Timer {
  void onTimer() override {}
};

struct Heartbeat final : Timer {
  TimerWheel* wheel = nullptr;
  TimePoint* now = nullptr;
  void onTimer() override { wheel->schedule(*this, *now + std::chrono::seconds(30)); }
};

void schedule(benchmark::State& state) {
  TimerWheel wheel(start);
  std::vector<Idle> others(static_cast<std::size_t>(state.range(0)));
  for (std::size_t i = 0; i < others.size(); ++i) wheel.schedule(others[i], start + Milliseconds(1 + i));
  Idle timer;
  for (auto _ : state) wheel.schedule(timer, start + std::chrono::seconds(30));
}
BENCHMARK(schedule)->Name("TimerWheel::schedule again")->ArgName("others")->Arg(0)->Arg(100'000);

/// What a second costs in which so many connections look after their peers every 30 s.
void heartbeats(benchmark::State& state) {
  TimerWheel wheel(start);
  TimePoint now = start;
  std::vector<Heartbeat> timers(static_cast<std::size_t>(state.range(0)));
  for (std::size_t i = 0; i < timers.size(); ++i) {
    timers[i].wheel = &wheel;
    timers[i].now = &now;
    wheel.schedule(timers[i], start + Milliseconds(1 + i * 30'000 / timers.size()));
  }
  for (auto _ : state) {
    for (int tick = 0; tick < 1000; ++tick) {
      now += Milliseconds(1);
      wheel.advance(now);
    }
  }
}
BENCHMARK(heartbeats)
    ->Name("TimerWheel, a second of heartbeats")
    ->ArgName("connections")
    ->Arg(1'000)
    ->Arg(100'000);

}  // namespace
