#include <string_view>

#include <duplex/app.h>

#include "base/ascii.h"

namespace duplex {
namespace {

bool startsWithIgnoringCase(std::string_view text, std::string_view start) {
  return text.size() >= start.size() && equalsIgnoringCase(text.substr(0, start.size()), start);
}

bool endsWithIgnoringCase(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && equalsIgnoringCase(text.substr(text.size() - end.size()), end);
}

/// A `*` stands for one or more labels of the host name.
bool matches(std::string_view pattern, std::string_view origin) {
  const std::size_t star = pattern.find('*');
  if (star == std::string_view::npos) return equalsIgnoringCase(pattern, origin);
  const std::string_view before = pattern.substr(0, star);
  const std::string_view after = pattern.substr(star + 1);
  if (origin.size() <= before.size() + after.size()) return false;
  if (!startsWithIgnoringCase(origin, before) || !endsWithIgnoringCase(origin, after)) return false;
  const std::string_view labels = origin.substr(before.size(), origin.size() - before.size() - after.size());
  return labels.find_first_of(":/@?#") == std::string_view::npos && labels.front() != '.' &&
         labels.back() != '.';
}

/// The same scheme, host and port. What a browser calls https is also the server's own if the server
/// itself is plain: a page of https opens no plain WebSocket, so TLS ends in front of this server.
bool isOwn(std::string_view origin, std::string_view own) {
  if (equalsIgnoringCase(origin, own)) return true;
  constexpr std::string_view plain = "http://";
  constexpr std::string_view secure = "https://";
  return startsWithIgnoringCase(own, plain) && startsWithIgnoringCase(origin, secure) &&
         equalsIgnoringCase(origin.substr(secure.size()), own.substr(plain.size()));
}

}  // namespace

bool Origins::allows(std::string_view origin, std::string_view own, const Request& request) const {
  if (any_ || origin.empty() || isOwn(origin, own)) return true;
  for (const std::string& pattern : patterns_) {
    if (matches(pattern, origin)) return true;
  }
  return allow_ && allow_(origin, request);
}

}  // namespace duplex
