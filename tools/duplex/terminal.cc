#include "terminal.h"

#include <fmt/format.h>

#include <algorithm>

namespace {

unsigned byteAt(std::string_view text, std::size_t i) {
  return static_cast<unsigned char>(text[i]);
}

/// How many bytes the character at the front of `text` has that is not ASCII; 0 if it is not UTF-8.
std::size_t lengthOf(std::string_view text) {
  const unsigned first = byteAt(text, 0);
  const std::size_t length = first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0;
  if (length == 0 || text.size() < length) return 0;
  const std::string_view rest = text.substr(1, length - 1);
  const auto continues = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; };
  return std::all_of(rest.begin(), rest.end(), continues) ? length : 0;
}

std::string shown(std::string_view text, std::string_view kept) {
  std::string result;
  while (!text.empty()) {
    const unsigned byte = byteAt(text, 0);
    std::size_t length = 1;
    if (byte >= 0x80) length = lengthOf(text);
    const bool c1 = length == 2 && byte == 0xC2 && byteAt(text, 1) < 0xA0;
    const bool c0 = (byte < ' ' && kept.find(text[0]) == std::string_view::npos) || byte == 0x7F;
    if (c1) {
      result += fmt::format("\\u{:04x}", byteAt(text, 1));
    } else if (c0 || length == 0) {
      result += fmt::format("\\x{:02x}", byte);
      length = 1;
    } else {
      result += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
  return result;
}

}  // namespace

std::string forTerminal(std::string_view text) {
  return shown(text, "\t\n");
}

std::string forLog(std::string_view text) {
  return shown(text, "\t");
}
