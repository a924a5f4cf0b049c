#include "bench/live_line.h"

#include <fmt/format.h>

#include <cstdio>
#include <mutex>

#include "bench/units.h"

namespace duplex::bench {

struct LiveLine::State {
  struct Sum {
    std::uint64_t operations = 0;
    std::uint64_t errors = 0;
    std::size_t open = 0;
    Histogram times;
  };

  explicit State(Crew& theCrew) : crew(theCrew) {}

  Crew& crew;
  bool over = false;
  std::mutex mutex;  // of `sum`, to which each thread adds
  Sum sum;
  Sum before;
  std::chrono::steady_clock::time_point time = std::chrono::steady_clock::now();
};

LiveLine::LiveLine(Crew& crew)
    : state_(std::make_shared<State>(crew)),
      timer_(duplex::setInterval([state = state_] { ask(state); }, std::chrono::seconds(1))) {}

LiveLine::~LiveLine() {
  duplex::clearInterval(timer_);
  state_->over = true;
  fmt::print(stderr, "\r\033[K");
}

void LiveLine::ask(const std::shared_ptr<State>& state) {
  state->sum = {};
  state->crew.each(
      [state](Engine& engine) {
        const bool connects = engine.options().workload == WorkloadKind::Connect;
        const Tally& tally = engine.tally();
        const std::lock_guard lock(state->mutex);
        state->sum.operations += connects ? tally.handshakes : tally.messages;
        state->sum.errors += tally.allErrors();
        state->sum.open += engine.open();
        state->sum.times.add(connects ? tally.opening : tally.latency);
      },
      [state] {
        if (!state->over) show(*state);
      });
}

void LiveLine::show(State& state) {
  const auto now = std::chrono::steady_clock::now();
  const double seconds = std::chrono::duration<double>(now - state.time).count();
  const State::Sum& sum = state.sum;
  // Where the measurement began in between, counting began anew.
  const bool anew = sum.operations < state.before.operations;
  if (anew) state.before = {};
  Histogram times = sum.times;
  times.subtract(state.before.times);
  const double rate = static_cast<double>(sum.operations - state.before.operations) / seconds;
  fmt::print(stderr, "\r\033[K{}/s, p50 {}, p99 {}, {} open, {} errors", shortNumber(rate),
             shortTime(times.percentile(50)), shortTime(times.percentile(99)), sum.open, sum.errors);
  std::fflush(stderr);
  state.before = sum;
  state.time = now;
}

}  // namespace duplex::bench
