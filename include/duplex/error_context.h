#pragma once

#include <string_view>

#include <duplex/address.h>

namespace duplex {

/// Where an error happened, as far as that is known; see `App::onerror`.
struct ErrorContext {
  /// The other end, or the client that a trusted proxy names. None for what is of no connection.
  Address remoteAddress{};
  /// The pattern of the route, as its router was given it: "/chat/:room"; empty if there is none. Of HTTP
  /// that of the handler which ran last. Lives as long as the call.
  std::string_view route{};
};

}  // namespace duplex
