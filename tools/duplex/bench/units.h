#pragma once

#include <cstdint>
#include <string>

namespace duplex::bench {

/// "831", "65.2 k", "1.25 M".
std::string shortNumber(double value);
/// "12.5 µs", "3.40 ms", "1.02 s".
std::string shortTime(std::uint64_t nanoseconds);

}  // namespace duplex::bench
