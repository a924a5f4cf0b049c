#pragma once

#include <string_view>

namespace duplex::http {

/// The reason phrase of a status code (RFC 9110 §15); "Unknown" for one that has none.
std::string_view reasonPhrase(int status) noexcept;
/// Whether an answer with this status has a body, be it an empty one (RFC 9110 §6.4.1).
constexpr bool hasBody(int status) noexcept {
  return status >= 200 && status != 204 && status != 304;
}

}  // namespace duplex::http
