#pragma once

#include <cstdint>

#include <duplex/function.h>

#include "base/clock.h"
#include "bench/histogram.h"
#include "net/loop.h"

namespace duplex::bench {

/// Sends messages at a rate: calls `due` for each, at the time that is meant for it or as soon after as
/// the loop gets there. Over 10,000 a second they are meant to go in bursts, 10,000 a second, for each
/// wake-up costs more than a message. The kernel's timer is exact to microseconds, where the loop's own
/// counts milliseconds.
class Pacer final : net::WatchHandler {
 public:
  /// Given the time that was meant. False: it cannot be taken; it comes again after `resume`.
  using Due = Function<bool(TimePoint meant)>;

  /// `rate` in messages a second. `lateness` gets nanoseconds.
  Pacer(net::Loop& loop, double rate, Histogram& lateness, Due due);
  Pacer(const Pacer&) = delete;
  Pacer& operator=(const Pacer&) = delete;
  ~Pacer();

  void start(TimePoint first);
  void stop();
  /// Goes on with what was refused. How late that is, is not counted: it was not for this to help.
  void resume();

 private:
  void onReady(bool readable, bool writable) override;
  TimePoint timeOf(std::uint64_t message) const noexcept;
  void sleepUntil(TimePoint time) noexcept;

  net::Loop& loop_;
  double period_;
  Histogram& lateness_;
  Due due_;
  int timer_;
  TimePoint first_;
  std::uint64_t next_ = 0;
  /// What was meant for before is excused.
  TimePoint excused_;
  bool refused_ = false;
  bool running_ = false;
};

}  // namespace duplex::bench
