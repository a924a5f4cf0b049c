#include "http/media_type.h"

#include "http/ascii.h"
#include "http/mime.h"

namespace duplex::http {

namespace {

std::string_view withoutParameters(std::string_view type) noexcept {
  return trim(splitFront(type, ';'));
}

std::string_view fullType(std::string_view type) noexcept {
  if (type.find('/') != std::string_view::npos) return withoutParameters(type);
  if (type == "urlencoded") return "application/x-www-form-urlencoded";
  if (type == "multipart") return "multipart/*";
  return withoutParameters(mimeType(type));
}

// How exactly `range` names `type`: 0 not at all, 1 by "*/*", 2 by "text/*", 3 by its name.
int precision(std::string_view range, std::string_view type) noexcept {
  if (range == "*/*") return 1;
  if (equalsIgnoringCase(range, type)) return 3;
  const std::size_t slash = range.find('/');
  if (slash == std::string_view::npos || range.substr(slash) != "/*") return 0;
  return equalsIgnoringCase(range.substr(0, slash + 1), type.substr(0, type.find('/') + 1)) ? 2 : 0;
}

// A weight in thousandths (RFC 9110 §12.4.2).
int readWeight(std::string_view text) noexcept {
  if (text.empty() || (text.front() != '0' && text.front() != '1')) return 0;
  int weight = (text.front() - '0') * 1000;
  int digit = 100;
  for (std::size_t i = 2; i < text.size() && isDigit(text[i]) && digit > 0; ++i, digit /= 10) {
    weight += (text[i] - '0') * digit;
  }
  return weight < 1000 ? weight : 1000;
}

int weightOf(std::string_view parameters) noexcept {
  while (!parameters.empty()) {
    std::string_view value = splitFront(parameters, ';');
    const std::string_view name = trim(splitFront(value, '='));
    if (equalsIgnoringCase(name, "q")) return readWeight(trim(value));
  }
  return 1000;
}

// What `accept` gives `type`, by the range that names it most exactly.
int quality(std::string_view accept, std::string_view type) noexcept {
  int weight = 0;
  int best = 0;
  while (!accept.empty()) {
    std::string_view parameters = splitFront(accept, ',');
    const std::string_view range = trim(splitFront(parameters, ';'));
    const int exact = precision(range, type);
    if (exact <= best) continue;
    best = exact;
    weight = weightOf(parameters);
  }
  return weight;
}

}  // namespace

bool isType(std::string_view contentType, std::string_view type) noexcept {
  const std::string_view given = withoutParameters(contentType);
  if (given.empty()) return false;
  if (type.starts_with('+')) {
    return given.size() > type.size() && equalsIgnoringCase(given.substr(given.size() - type.size()), type);
  }
  const std::string_view wanted = fullType(type);
  return !wanted.empty() && precision(wanted, given) > 0;
}

std::string_view preferredType(std::string_view accept,
                               std::initializer_list<std::string_view> types) noexcept {
  if (trim(accept).empty()) return types.size() == 0 ? std::string_view() : *types.begin();
  std::string_view preferred;
  int highest = 0;
  for (const std::string_view type : types) {
    const std::string_view full = fullType(type);
    const int weight = full.empty() ? 0 : quality(accept, full);
    if (weight <= highest) continue;
    highest = weight;
    preferred = type;
  }
  return preferred;
}

}  // namespace duplex::http
