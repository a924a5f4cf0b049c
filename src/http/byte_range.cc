#include "http/byte_range.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "http/ascii.h"

namespace duplex::http {

namespace {

std::optional<std::uint64_t> readPosition(std::string_view text) noexcept {
  std::uint64_t position = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), position);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return position;
}

}  // namespace

ByteRange parseRange(std::string_view value, std::uint64_t size) noexcept {
  using Kind = ByteRange::Kind;
  const std::string_view unit = trim(splitFront(value, '='));
  std::string_view last = trim(value);
  if (!equalsIgnoringCase(unit, "bytes") || last.find(',') != std::string_view::npos ||
      last.find('-') == std::string_view::npos) {
    return {};
  }
  const std::string_view first = trim(splitFront(last, '-'));
  last = trim(last);
  const auto from = readPosition(first);
  const auto to = readPosition(last);
  if (first.empty()) {
    // The last so many bytes.
    if (!to) return {};
    const std::uint64_t length = std::min(*to, size);
    if (length == 0) return {Kind::Unsatisfiable};
    return {Kind::Part, size - length, length};
  }
  if (!from || (!last.empty() && (!to || *to < *from))) return {};
  if (*from >= size) return {Kind::Unsatisfiable};
  const std::uint64_t end = to ? std::min(*to, size - 1) : size - 1;
  return {Kind::Part, *from, end - *from + 1};
}

}  // namespace duplex::http
