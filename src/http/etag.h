#pragma once

#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace duplex::http {

/// A weak entity tag of a body's bytes (RFC 9110 §8.8.3).
std::string makeEtag(Bytes body);
/// One of a file, by its size and the time of its last change.
std::string makeEtag(std::uint64_t size, const timespec& modified);
/// Whether `list`, the value of If-None-Match or If-Match, has `etag` in it; weak comparison
/// (RFC 9110 §8.8.3.2). `*` has every tag in it.
bool hasEtag(std::string_view list, std::string_view etag) noexcept;

}  // namespace duplex::http
