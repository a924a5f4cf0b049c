#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <system_error>

#include <duplex/error.h>
#include <duplex/metrics.h>

namespace duplex {

/// A limit that a peer can exceed: what that is reported as, the option's name, and what counts it.
struct Limit {
  Errc error;
  std::string_view name;
  std::uint64_t Metrics::*counter;
};

inline constexpr std::size_t limitCount = 17;

/// All of them, in the order of their counters.
std::span<const Limit, limitCount> limits() noexcept;
/// The place among `limits` of the one that was exceeded where `code` is reported; -1 if none was.
int limitOf(const std::error_code& code) noexcept;

}  // namespace duplex
