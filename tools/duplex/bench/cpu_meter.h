#pragma once

#include <chrono>
#include <optional>

namespace duplex::bench {

/// What a thread used in a stretch of time, in seconds.
struct CpuUse {
  double user = 0;
  double system = 0;
  /// It was ready to run, but had no processor; 0 where the kernel does not tell.
  double waited = 0;
  double wall = 0;
  /// Of all the time: on a processor, and ready to be on one. With several threads of the one for which
  /// it is most.
  double busy = 0;
  double wanted = 0;

  void add(const CpuUse& other) noexcept;
};

/// Measures the calling thread.
class CpuMeter {
 public:
  void start();
  /// What it used since `start`; nothing without one.
  CpuUse stop() const;

 private:
  struct Reading {
    double user, system, waited;
    std::chrono::steady_clock::time_point time;
  };
  static Reading read();
  std::optional<Reading> start_;
};

}  // namespace duplex::bench
