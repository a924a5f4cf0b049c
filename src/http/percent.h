#pragma once

#include <string>
#include <string_view>

namespace duplex::http {

/// Replaces `%xx` by the byte it stands for (RFC 3986 §2.1). False for a `%` without two hexadecimal
/// digits, and for `%00`.
bool percentDecode(std::string_view text, std::string& decoded);

/// The form of a query (application/x-www-form-urlencoded): `+` is a space, too, and a `%` that is no
/// escape stands for itself.
std::string formDecode(std::string_view text);

/// Encodes what may not stand in a URL as it is: controls, spaces, quotes, `<>\^`{|}` and bytes that
/// are not ASCII; what is encoded already stays.
std::string encodeUrl(std::string_view url);

}  // namespace duplex::http
