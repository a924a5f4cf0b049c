#pragma once

#include <cstddef>
#include <string_view>

/// What topics are where wildcards are on: tokens split by '.'. In a pattern, which is what one
/// subscribes to, the token `*` stands for one token and `>`, as the last, for one or more. (Where
/// they are off, a topic is any string.)
namespace duplex::topics {

/// In bytes; bounds what a pattern costs.
inline constexpr std::size_t maxTopicLength = 1024;
/// Bounds how deep a trie of patterns gets.
inline constexpr std::size_t maxTopicTokens = 32;

/// Throws SyntaxError for what nobody can publish to.
void checkTopic(std::string_view topic);
/// Throws SyntaxError for what nobody can subscribe to. Every topic is a pattern.
void checkPattern(std::string_view pattern);

/// Whether a valid pattern matches more than the topic of its own name.
bool hasWildcards(std::string_view pattern) noexcept;

/// Takes the first token and the dot behind it off `rest`, which is not empty.
inline std::string_view takeToken(std::string_view& rest) noexcept {
  const std::size_t end = rest.find('.');
  const std::string_view token = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return token;
}

}  // namespace duplex::topics
