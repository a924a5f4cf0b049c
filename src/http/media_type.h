#pragma once

#include <initializer_list>
#include <string_view>

namespace duplex::http {

/// Whether `contentType`, the value of a Content-Type header, is `type`: a MIME type, a range such as
/// "text/*", an ending such as "json", a suffix such as "+json", or "urlencoded" or "multipart".
bool isType(std::string_view contentType, std::string_view type) noexcept;

/// The one of `types`, given as MIME types or as endings, that `accept`, the value of an Accept header,
/// gives the highest quality (RFC 9110 §12.5.1); of equals the first. Empty if it takes none. An
/// empty `accept` takes everything.
std::string_view preferredType(std::string_view accept,
                               std::initializer_list<std::string_view> types) noexcept;

}  // namespace duplex::http
