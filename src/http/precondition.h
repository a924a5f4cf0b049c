#pragma once

#include <ctime>
#include <optional>
#include <string_view>

#include "http/request_head.h"

namespace duplex::http {

/// What is known of the version that would be sent; either may be missing.
struct Validators {
  std::string_view etag;
  std::optional<std::time_t> lastModified;
};

enum class Precondition { Send, NotModified, Failed };

/// Evaluates If-Match, If-Unmodified-Since, If-None-Match and If-Modified-Since of a GET or HEAD, in
/// the order of RFC 9110 §13.2.2.
Precondition evaluate(const RequestHead& request, const Validators& validators) noexcept;
/// Whether If-Range, if there is one, lets Range have its effect (RFC 9110 §13.1.5).
bool rangeApplies(const RequestHead& request, const Validators& validators) noexcept;

}  // namespace duplex::http
