#include "bench/live_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <mutex>

#include "bench/histogram.h"
#include "bench/units.h"

namespace duplex::bench {

namespace {

/// What all threads have counted.
struct Sum {
  std::mutex mutex;
  TimePoint since;
  std::uint64_t operations = 0;
  std::uint64_t errors = 0;
  std::size_t open = 0;
  Histogram times;

  void add(const Engine& engine) {
    const bool connects = engine.options().workload == WorkloadKind::Connect;
    const Tally& tally = engine.tally();
    const std::lock_guard lock(mutex);
    since = std::max(since, tally.since);
    operations += connects ? tally.handshakes : tally.messages;
    errors += tally.allErrors();
    open += engine.open();
    times.add(connects ? tally.opening : tally.latency);
  }
};

}  // namespace

struct LiveLine::State {
  explicit State(Crew& theCrew) : crew(theCrew) {}
  void show(const std::shared_ptr<const Sum>& sum);

  Crew& crew;
  bool over = false;
  std::shared_ptr<const Sum> before = std::make_shared<Sum>();
  TimePoint time = Clock::now();
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
  const auto sum = std::make_shared<Sum>();
  state->crew.each([sum](Engine& engine) { sum->add(engine); },
                   [state, sum] {
                     if (!state->over) state->show(sum);
                   });
}

void LiveLine::State::show(const std::shared_ptr<const Sum>& sum) {
  const TimePoint now = Clock::now();
  // Where the load or the measurement began in between, counting began anew.
  if (sum->since > time) before = std::make_shared<Sum>();
  const double seconds = std::chrono::duration<double>(now - std::max(time, sum->since)).count();
  Histogram times = sum->times;
  times.subtract(before->times);
  const double rate = static_cast<double>(sum->operations - before->operations) / seconds;
  fmt::print(stderr, "\r\033[K{}, p50 {}, p99 {}, {} open, {} errors", shortNumber(rate, "/s"),
             shortTime(times.percentile(50)), shortTime(times.percentile(99)), sum->open, sum->errors);
  std::fflush(stderr);
  before = sum;
  time = now;
}

}  // namespace duplex::bench
