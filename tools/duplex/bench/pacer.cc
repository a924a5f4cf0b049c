#include "bench/pacer.h"

#include <sys/timerfd.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <system_error>
#include <utility>

namespace duplex::bench {
namespace {

// So many at once, and then what has come is read.
constexpr int mostATurn = 1024;
// The time between bursts, in nanoseconds.
constexpr double burst = 1e5;

}  // namespace

Pacer::Pacer(net::Loop& loop, double rate, Histogram& lateness, Due due)
    : loop_(loop),
      period_(1e9 / rate),
      lateness_(lateness),
      due_(std::move(due)),
      timer_(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)) {
  if (timer_ < 0) throw std::system_error(errno, std::generic_category(), "timerfd_create");
  loop_.watch(timer_, true, false, *this);
}

Pacer::~Pacer() {
  loop_.watch(timer_, false, false, *this);
  ::close(timer_);
}

TimePoint Pacer::timeOf(std::uint64_t message) const noexcept {
  double time = static_cast<double>(message) * period_;
  if (period_ < burst) time = std::ceil(time / burst) * burst;
  return first_ + std::chrono::nanoseconds(static_cast<std::int64_t>(time));
}

void Pacer::start(TimePoint first) {
  first_ = excused_ = first;
  next_ = 0;
  running_ = true;
  refused_ = false;
  sleepUntil(first);
}

void Pacer::stop() {
  running_ = false;
  const itimerspec never{};
  ::timerfd_settime(timer_, 0, &never, nullptr);
}

void Pacer::resume() {
  if (!running_ || !refused_) return;
  refused_ = false;
  excused_ = Clock::now();
  sleepUntil(excused_);
}

// Setting it anew also takes back that it is readable. A time in the past is at once.
void Pacer::sleepUntil(TimePoint time) noexcept {
  const auto since = time.time_since_epoch();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since);
  itimerspec when{};
  when.it_value.tv_sec = seconds.count();
  when.it_value.tv_nsec = static_cast<long>((since - seconds).count());
  ::timerfd_settime(timer_, TFD_TIMER_ABSTIME, &when, nullptr);
}

void Pacer::onReady(bool, bool) {
  if (!running_) return;
  const TimePoint now = Clock::now();
  for (int sent = 0; sent < mostATurn; ++sent, ++next_) {
    const TimePoint meant = timeOf(next_);
    if (meant > now) break;
    if (!due_(meant)) {
      refused_ = true;
      const itimerspec never{};
      ::timerfd_settime(timer_, 0, &never, nullptr);
      return;
    }
    if (meant >= excused_) lateness_.record(static_cast<std::uint64_t>((now - meant).count()));
  }
  if (running_) sleepUntil(timeOf(next_));
}

}  // namespace duplex::bench
