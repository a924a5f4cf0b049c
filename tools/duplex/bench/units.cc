#include "bench/units.h"

#include <fmt/format.h>

namespace duplex::bench {

std::string shortNumber(double value, std::string_view unit) {
  if (value >= 1e9) return fmt::format("{:.2f} G{}", value / 1e9, unit);
  if (value >= 1e6) return fmt::format("{:.2f} M{}", value / 1e6, unit);
  if (value >= 1e4) return fmt::format("{:.1f} k{}", value / 1e3, unit);
  return fmt::format("{:.0f} {}", value, unit);
}

std::string shortTime(std::uint64_t nanoseconds) {
  const auto value = static_cast<double>(nanoseconds);
  if (value >= 1e9) return fmt::format("{:.2f} s", value / 1e9);
  if (value >= 1e6) return fmt::format("{:.2f} ms", value / 1e6);
  return fmt::format("{:.1f} µs", value / 1e3);
}

}  // namespace duplex::bench
