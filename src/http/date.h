#pragma once

#include <ctime>
#include <optional>
#include <string>
#include <string_view>

namespace duplex::http {

/// IMF-fixdate (RFC 9110 §5.6.7): "Sun, 06 Nov 1994 08:49:37 GMT".
std::string formatDate(std::time_t time);
/// Reads IMF-fixdate, the one form that is sent today; nothing for the obsolete ones.
std::optional<std::time_t> parseDate(std::string_view text) noexcept;
/// The present time in that form; made once a second on each thread. Valid until the next call on
/// this thread.
std::string_view currentDate();

}  // namespace duplex::http
