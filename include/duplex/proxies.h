#pragma once

#include <cstdint>

namespace duplex {

/// Which header of a trusted proxy names the client whose request it passes on. Only one is believed: a
/// proxy that writes one of them passes the other on as the client sent it.
enum class ForwardedHeader : std::uint8_t {
  None,
  XForwarded,  ///< X-Forwarded-For and X-Forwarded-Proto
  Forwarded,   ///< Forwarded, with `for` and `proto` (RFC 7239)
};

}  // namespace duplex
