#pragma once

#include <chrono>
#include <optional>

namespace duplex::bench {

/// What was used in a stretch of time, in seconds.
struct CpuUse {
  double user = 0;
  double system = 0;
  /// A thread was ready to run, but had no processor; 0 where the kernel does not tell.
  double waited = 0;
  double wall = 0;

  /// The share of the time that a thread was on a processor, and that it was ready to be.
  double busy() const noexcept { return wall > 0 ? (user + system) / wall : 0; }
  double wanted() const noexcept { return wall > 0 ? (user + system + waited) / wall : 0; }
};

/// Measures the calling thread, or all of the process, the kernel's helpers for io_uring included.
class CpuMeter {
 public:
  enum class Of { Thread, Process };

  explicit CpuMeter(Of what) noexcept : of_(what) {}
  void start();
  /// What it used since `start`; nothing without one.
  CpuUse stop() const;

 private:
  struct Reading {
    double user, system, waited;
    std::chrono::steady_clock::time_point time;
  };
  Reading read() const;

  Of of_;
  std::optional<Reading> start_;
};

}  // namespace duplex::bench
