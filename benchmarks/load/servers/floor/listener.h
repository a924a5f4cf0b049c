#pragma once

#include <cstdint>

namespace floorServer {

/// A non-blocking socket that listens on 0.0.0.0. What it accepts inherits TCP_NODELAY. Throws
/// std::system_error.
int openListener(std::uint16_t port);
std::uint16_t portOf(int listener);

}  // namespace floorServer
