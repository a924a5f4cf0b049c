#pragma once

#include <random>
#include <string>

namespace duplex::test {

/// Letters, of each size always the same.
inline std::string randomText(std::size_t size) {
  std::mt19937 random(static_cast<unsigned>(size));
  std::string text(size, ' ');
  for (char& c : text) c = static_cast<char>('a' + random() % 26);
  return text;
}

}  // namespace duplex::test
