#pragma once

#include <algorithm>
#include <string_view>

namespace duplex {

/// Letters of ASCII alone, whatever the locale; protocol texts know no others.
constexpr char toLower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

inline bool equalsIgnoringCase(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return toLower(x) == toLower(y); });
}

}  // namespace duplex
