#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include <duplex/metrics.h>

#include "base/limits.h"

namespace duplex {

/// A number that one thread adds to and any may read. It costs what a plain one does.
class Counter {
 public:
  void add(std::uint64_t more = 1) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
  }
  std::uint64_t read() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

/// What one loop counts of an app; see Metrics. On cache lines of its own, and what is counted for each
/// message on the first.
struct alignas(64) Counters {
  Counter messagesReceived;
  Counter bytesReceived;
  Counter messagesSent;
  Counter bytesSent;
  Counter requests;
  Counter accepted;
  Counter upgrades;
  /// WebSockets that have gone.
  Counter ended;
  Counter acceptFailures;
  /// In the order of `limits`.
  std::array<Counter, limitCount> exceeded;

  void addTo(Metrics& sum) const noexcept;
};

}  // namespace duplex
