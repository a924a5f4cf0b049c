#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>

#include <duplex/function.h>

namespace duplex::bench {

/// What the threads of a broadcast know together: which messages are under way, when they were sent,
/// and how many connections each has still to reach.
class Board {
 public:
  /// `window`: messages that may be under way.
  explicit Board(std::size_t window);

  /// Called, on the thread that finds it out, for each message that has reached all.
  Function<void()> onComplete;

  /// One connection more that every message is to reach; returns the number of the first.
  std::uint64_t join();
  /// One is lost; it had received all messages before `position`.
  void leave(std::uint64_t position);

  bool full() const noexcept { return published_.load() - completed_.load() >= window_; }
  /// Notes the next message, sent at `time`. Not when it is full.
  void publish(std::int64_t time);
  /// A connection has received message number `message`; returns when it was sent.
  std::int64_t arrived(std::uint64_t message) {
    Slot& slot = slots_[message & mask_];
    const std::int64_t time = slot.time.load(std::memory_order_relaxed);
    if (slot.left.fetch_sub(1, std::memory_order_acq_rel) == 1) complete();
    return time;
  }
  std::int64_t timeOf(std::uint64_t message) const noexcept {
    return slots_[message & mask_].time.load(std::memory_order_relaxed);
  }

  /// Connections that messages are to reach.
  std::size_t readers();
  std::uint64_t published() const noexcept { return published_.load(); }
  /// Calls `each(time, connections)` for every message that has not reached all.
  template <class Each>
  void underWay(Each&& each) const {
    for (std::uint64_t message = completed_.load(); message < published_.load(); ++message) {
      const Slot& slot = slots_[message & mask_];
      if (const auto left = slot.left.load(); left > 0)
        each(slot.time.load(), static_cast<std::size_t>(left));
    }
  }

 private:
  struct Slot {
    std::atomic<std::int64_t> time{0};
    std::atomic<std::int64_t> left{0};
  };

  void complete() {
    ++completed_;
    onComplete();
  }

  std::size_t window_;
  std::size_t mask_;
  std::unique_ptr<Slot[]> slots_;
  std::atomic<std::uint64_t> published_{0};
  // All before this one have reached all.
  std::atomic<std::uint64_t> completed_{0};
  // Held to publish and when the number of readers changes, not for each arrival.
  std::mutex mutex_;
  std::int64_t readers_ = 0;
};

}  // namespace duplex::bench
