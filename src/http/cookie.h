#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <duplex/request.h>
#include <duplex/response.h>

namespace duplex::http {

/// Reads the value of a Cookie header (RFC 6265 §5.4): appends views into it, in order. Quotes around
/// a value are left out; what is no pair is skipped.
void parseCookies(std::string_view header, std::vector<Field>& cookies);

/// The value of a Set-Cookie header (RFC 6265 §4.1). Throws std::invalid_argument for a name that is
/// no token, for a value, path or domain with characters that have no place there, and for SameSite
/// that is not one of the three; SameSite=None needs `secure`.
std::string makeCookie(std::string_view name, std::string_view value, const CookieOptions& options);

}  // namespace duplex::http
