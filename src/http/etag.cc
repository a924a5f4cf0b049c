#include "http/etag.h"

#include <functional>

#include "http/ascii.h"

namespace duplex::http {

namespace {

/// Writes `number` before `end`; returns where it begins.
char* writeHex(std::uint64_t number, char* end) noexcept {
  do {
    *--end = "0123456789abcdef"[number & 0xF];
    number >>= 4;
  } while (number != 0);
  return end;
}

std::string join(std::uint64_t first, std::uint64_t second) {
  char text[40];
  char* const end = text + sizeof text;
  char* begin = end;
  *--begin = '"';
  begin = writeHex(second, begin);
  *--begin = '-';
  begin = writeHex(first, begin);
  for (const char c : {'"', '/', 'W'}) *--begin = c;
  return {begin, end};
}

std::string_view opaque(std::string_view etag) noexcept {
  return etag.starts_with("W/") ? etag.substr(2) : etag;
}

}  // namespace

std::string makeEtag(Bytes body) {
  // A weak tag need not withstand an attacker, who could only deceive caches about his own text.
  return join(body.size(), std::hash<std::string_view>()(asText(body)));
}

std::string makeEtag(std::uint64_t size, const timespec& modified) {
  const auto seconds = static_cast<std::uint64_t>(modified.tv_sec);
  return join(size, seconds * 1'000'000'000 + static_cast<std::uint64_t>(modified.tv_nsec));
}

bool hasEtag(std::string_view list, std::string_view etag) noexcept {
  if (trim(list) == "*") return true;
  // A tag is quoted and can have commas in it.
  while (!list.empty()) {
    const std::size_t open = list.find('"');
    if (open == std::string_view::npos) return false;
    const std::size_t close = list.find('"', open + 1);
    if (close == std::string_view::npos) return false;
    if (list.substr(open, close + 1 - open) == opaque(etag)) return true;
    list.remove_prefix(close + 1);
  }
  return false;
}

}  // namespace duplex::http
