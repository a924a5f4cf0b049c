#pragma once

#include <cstdint>
#include <optional>

namespace duplex::bench {

/// What a process used in a stretch of time.
struct ProcessUse {
  /// Seconds on a processor, all its threads; the kernel counts them in nanoseconds, and shares them out
  /// to `user` and `system` by what it saw at its clock ticks.
  double cpu = 0;
  double user = 0;
  double system = 0;
  /// Bytes of memory of its own at the end, without what is mapped from files.
  std::uint64_t memory = 0;
};

/// Measures another process: the server that is under load.
class ProcessMeter {
 public:
  /// Throws std::runtime_error if there is no such process, or it may not be looked at.
  explicit ProcessMeter(int pid);
  void start();
  /// What it used since `start`; nothing without one. Throws as the constructor does.
  ProcessUse stop() const;

 private:
  struct Reading {
    double nanoseconds = 0, userTicks = 0, systemTicks = 0;
  };
  Reading read() const;

  int pid_;
  std::optional<Reading> start_;
};

}  // namespace duplex::bench
