#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/clock.h"

namespace duplex::net {

class TimerWheel;

namespace detail {
/// A member of a circular list.
struct TimerLink {
  TimerLink* next = nullptr;
  TimerLink* previous = nullptr;
};
}  // namespace detail

/// Something that happens at a time. It lies in its owner and is cancelled when that is destroyed;
/// setting and cancelling cost a few instructions. For the loop's thread alone.
class Timer : private detail::TimerLink {
 public:
  Timer() noexcept = default;
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  bool pending() const noexcept { return next != nullptr; }
  void cancel() noexcept;

 protected:
  virtual ~Timer() { cancel(); }

 private:
  friend class TimerWheel;
  /// Runs once for each `schedule`, never early; it may schedule or destroy any timer.
  virtual void onTimer() = 0;

  std::uint64_t tick_ = 0;
};

/// A hierarchical timing wheel (Varghese and Lauck 1987) with a tick of one millisecond: four rings
/// of 256 slots, each turning 256 times slower than the one below. What is more than 49 days off is
/// taken for 49 days, and set anew then.
class TimerWheel {
 public:
  explicit TimerWheel(TimePoint start) noexcept;
  TimerWheel(const TimerWheel&) = delete;
  TimerWheel& operator=(const TimerWheel&) = delete;
  /// Cancels what is pending.
  ~TimerWheel();

  /// Sets `timer` to `when`, in the place of its last time. What has passed runs at the next
  /// `advance`.
  void schedule(Timer& timer, TimePoint when) noexcept;
  /// Runs what is due at `now`, in the order of the ticks; what those set waits for the next call.
  /// If one throws, the rest runs at the next call.
  void advance(TimePoint now);
  /// A time no later than that of the next timer; none without timers.
  std::optional<TimePoint> next() const noexcept;

 private:
  using Link = detail::TimerLink;
  static constexpr unsigned slotBits = 8;
  static constexpr std::size_t slots = 1u << slotBits;
  static constexpr std::size_t rings = 4;
  static constexpr std::uint64_t span = std::uint64_t{1} << (slotBits * rings);

  struct Ring {
    std::array<Link, slots> slot;
    // A bit a slot that may have timers; it is cleared when the wheel passes.
    std::array<std::uint64_t, slots / 64> occupied{};
  };

  void insert(Timer& timer) noexcept;
  /// Puts the timers of a slot of `ring` into the rings below, the wheel having reached it.
  void cascade(std::size_t ring) noexcept;
  /// The next tick at which a slot is to be run or cascaded.
  std::optional<std::uint64_t> nextTick() const noexcept;
  void runDue();

  TimePoint start_;
  // All ticks up to this one have been run.
  std::uint64_t tick_ = 0;
  std::array<Ring, rings> rings_;
  Link due_;
};

}  // namespace duplex::net
