#pragma once

#include <string>
#include <string_view>

namespace duplex::http {

/// The parts of a request's target (RFC 9112 §3.2).
struct Target {
  /// Path and query in origin form; a view into `made` where it had to be put together.
  std::string_view origin;
  std::string_view path;
  std::string_view query;
  /// Of an absolute target; empty of another.
  std::string_view authority;
};

/// Takes `target` apart: origin form, absolute form (http, https, ws, wss), and the asterisk form of
/// OPTIONS. False for another form, for a fragment, a control character or a space, and for user
/// information in the authority.
bool parseTarget(std::string_view method, std::string_view target, Target& parts, std::string& made);

/// Whether `host` can be the value of Host: `uri-host [":" port]` (RFC 9110 §7.2), or nothing.
bool isHost(std::string_view host) noexcept;

}  // namespace duplex::http
