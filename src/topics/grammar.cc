#include "topics/grammar.h"

#include <string>

#include <duplex/error.h>

namespace duplex::topics {
namespace {

enum class Wildcards : bool { Refused, Allowed };

// In words; null if there is none.
const char* fault(std::string_view text, Wildcards wildcards) noexcept {
  if (text.size() > maxTopicLength) return "it is longer than 1024 bytes";
  std::size_t tokens = 1;
  std::size_t begin = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '.') {
      if (at == begin) return "it has an empty token";
      begin = at + 1;
      ++tokens;
    } else if (c == '*' || c == '>') {
      if (wildcards == Wildcards::Refused) return "wildcards are for subscriptions";
      const bool last = at + 1 == text.size();
      if (at != begin || (!last && text[at + 1] != '.')) return "a wildcard is a token by itself";
      if (c == '>' && !last) return "'>' is not its last token";
    }
  }
  if (begin == text.size()) return "it has an empty token";
  return tokens > maxTopicTokens ? "it has more than 32 tokens" : nullptr;
}

static_assert(maxTopicLength == 1024 && maxTopicTokens == 32, "the words above say so");

}  // namespace

void checkTopic(std::string_view topic) {
  const char* found = fault(topic, Wildcards::Refused);
  if (found != nullptr) throw SyntaxError(std::string("publish: not a topic: ") + found);
}

void checkPattern(std::string_view pattern) {
  const char* found = fault(pattern, Wildcards::Allowed);
  if (found != nullptr) throw SyntaxError(std::string("subscribe: not a topic: ") + found);
}

bool hasWildcards(std::string_view pattern) noexcept {
  return pattern.find_first_of("*>") != std::string_view::npos;
}

}  // namespace duplex::topics
