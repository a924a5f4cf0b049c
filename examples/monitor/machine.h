#pragma once

#include <chrono>
#include <cstdint>
#include <string>

/// How busy the machine is.
struct Figures {
  /// Of all processors together since the last reading, in percent.
  double cpu = 0;
  double load = 0;
  std::uint64_t memoryUsed = 0;
  std::uint64_t memoryTotal = 0;
  /// Bytes a second since the last reading, over all interfaces, loopback too.
  double received = 0;
  double sent = 0;
};

/// Reads /proc (proc(5)). What is a rate there is 0 at the first reading.
class Machine {
 public:
  Figures read();

 private:
  struct Counters {
    std::uint64_t busy = 0;
    std::uint64_t total = 0;
    std::uint64_t received = 0;
    std::uint64_t sent = 0;
    std::chrono::steady_clock::time_point time;
  };
  static Counters readCounters();

  Counters last_ = readCounters();
};
