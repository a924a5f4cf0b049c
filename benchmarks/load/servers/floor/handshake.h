#pragma once

#include <string>
#include <string_view>

namespace floorServer {

/// A header of a request's head, found by its name in any case; empty if there is none.
std::string_view header(std::string_view head, std::string_view name) noexcept;

/// The 101 response to a handshake with this key (RFC 6455 §4.2.2).
std::string switchingProtocols(std::string_view key);

}  // namespace floorServer
