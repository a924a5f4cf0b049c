#pragma once

#include <chrono>

namespace duplex {

/// The clock of deadlines. A loop reads it once a turn; see `net::Loop::now`.
using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;
using Milliseconds = std::chrono::milliseconds;

}  // namespace duplex
