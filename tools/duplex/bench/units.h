#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace duplex::bench {

/// With the unit "/s": "831 /s", "65.2 k/s", "1.25 M/s".
std::string shortNumber(double value, std::string_view unit);
/// "12.5 µs", "3.40 ms", "1.02 s".
std::string shortTime(std::uint64_t nanoseconds);

}  // namespace duplex::bench
