#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "bench/histogram.h"

namespace duplex::bench {

enum class Fault {
  Refused,     ///< nobody listens there
  Connect,     ///< not connected for another reason
  Timeout,     ///< connecting, the handshake or the end took too long
  Handshake,   ///< the server's answer was not the 101 that it has to be
  Closed,      ///< the server ended an open connection
  Protocol,    ///< a frame that breaks RFC 6455
  Mismatch,    ///< a message that is not one of those sent, or not again
  Missing,     ///< a message that was passed over
  Unanswered,  ///< a message that had not come when the wait for the rest was over
};
inline constexpr std::size_t faults = 9;
/// As in the result: "refused" …
std::string_view nameOf(Fault fault) noexcept;

/// What one thread has counted. Times are in nanoseconds.
struct Tally {
  /// When counting began.
  TimePoint since = Clock::now();
  std::uint64_t sent = 0;
  std::uint64_t messages = 0;
  std::uint64_t handshakes = 0;
  std::array<std::uint64_t, faults> errors{};
  /// What was said of the first of each.
  std::array<std::string, faults> details;
  /// From sending, or the time meant for it, to receiving.
  Histogram latency;
  /// From connecting to the end of the handshake.
  Histogram opening;
  /// Open loop: from the time meant for sending to sending.
  Histogram lateness;

  void fault(Fault kind, std::uint64_t count = 1, std::string_view detail = {});
  std::uint64_t allErrors() const noexcept;
  void add(const Tally& other);
  /// Forgets what belongs to a stretch of time; errors stay.
  void restart() noexcept;
};

}  // namespace duplex::bench
