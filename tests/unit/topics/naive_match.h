#pragma once

#include <cstddef>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace duplex::test {

inline std::vector<std::string> tokensOf(std::string_view text) {
  std::vector<std::string> tokens(1);
  for (const char c : text) {
    if (c == '.') {
      tokens.emplace_back();
    } else {
      tokens.back() += c;
    }
  }
  return tokens;
}

/// Whether `pattern` matches `topic`, by the letter of what wildcards mean.
inline bool matches(std::string_view pattern, std::string_view topic) {
  const auto wanted = tokensOf(pattern);
  const auto given = tokensOf(topic);
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i] == ">") return given.size() > i;
    if (i >= given.size() || (wanted[i] != "*" && wanted[i] != given[i])) return false;
  }
  return wanted.size() == given.size();
}

/// One to four tokens of few names, so that much matches.
inline std::string anyTopic(std::mt19937& random) {
  std::string topic;
  for (auto left = 1 + random() % 4; left > 0; --left) {
    topic += topic.empty() ? "" : ".";
    topic += "abc"[random() % 3];
  }
  return topic;
}

inline std::string anyPattern(std::mt19937& random) {
  std::string pattern;
  for (const std::string& token : tokensOf(anyTopic(random))) {
    pattern += pattern.empty() ? "" : ".";
    pattern += random() % 3 == 0 ? "*" : token;
  }
  if (random() % 4 == 0) pattern += ".>";
  return random() % 20 == 0 ? ">" : pattern;
}

}  // namespace duplex::test
