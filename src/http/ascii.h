#pragma once

#include <string_view>

#include "base/ascii.h"

namespace duplex::http {

constexpr bool isDigit(char c) noexcept {
  return c >= '0' && c <= '9';
}

/// Without spaces and tabs at both ends (OWS, RFC 9110 §5.6.3).
constexpr std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// Cuts what is before `separator` off the front of `text`, and the separator with it; all of it if
/// there is none.
constexpr std::string_view splitFront(std::string_view& text, char separator) noexcept {
  const std::size_t end = text.find(separator);
  const std::string_view front = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  return front;
}

}  // namespace duplex::http
