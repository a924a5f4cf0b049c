#pragma once

#include <string_view>

namespace duplex::http {

/// The Content-Type for a file's name or ending, with charset where it is text: "page.html", ".html"
/// and "html" give "text/html; charset=utf-8". Empty for an ending that is not known.
std::string_view mimeType(std::string_view name) noexcept;

}  // namespace duplex::http
