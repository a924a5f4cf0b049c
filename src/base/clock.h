#pragma once

#include <chrono>

namespace duplex {

/// The clock of deadlines. A loop reads it once a turn; see `net::Loop::now`.
using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;
using Milliseconds = std::chrono::milliseconds;

/// `delay` after `start`. What is longer than ten years, such as `Milliseconds::max()`, is ten years:
/// for ever, without an overflow.
constexpr TimePoint timeAfter(TimePoint start, Milliseconds delay) noexcept {
  constexpr Milliseconds forever = std::chrono::hours(24 * 3650);
  return start + (delay < forever ? delay : forever);
}

}  // namespace duplex
