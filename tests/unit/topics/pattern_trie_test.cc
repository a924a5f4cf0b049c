#include "topics/pattern_trie.h"

#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>

#include "topics/naive_match.h"
#include "topics/topic_tree.h"

using namespace duplex::topics;
using duplex::test::anyPattern;
using duplex::test::anyTopic;
using duplex::test::matches;

namespace {

struct Patterns {
  TopicTree tree;
  PatternTrie trie;
  std::map<std::string, std::unique_ptr<Topic>> topics;

  void add(const std::string& pattern) {
    auto& topic = topics[pattern];
    if (topic != nullptr) return;
    topic = std::make_unique<Topic>(tree);
    topic->name = &topics.find(pattern)->first;
    trie.add(pattern, *topic);
  }
  void remove(const std::string& pattern) {
    // It may be the topic's own name.
    if (topics.contains(pattern)) trie.remove(pattern);
    topics.erase(pattern);
  }
  // Each once, or the test fails.
  std::set<std::string> found(std::string_view topic) const {
    std::set<std::string> names;
    trie.match(topic, [&](Topic& one) { REQUIRE(names.insert(*one.name).second); });
    return names;
  }
};

}  // namespace

TEST_CASE("'*' is one token, '>' one or more") {
  Patterns patterns;
  for (const char* pattern : {"a.*", "a.>", "*.b", ">", "*", "a.*.c", "*.*.>"}) patterns.add(pattern);
  using Names = std::set<std::string>;
  CHECK(patterns.found("a") == Names{">", "*"});
  CHECK(patterns.found("b") == Names{">", "*"});
  CHECK(patterns.found("a.b") == Names{"a.*", "a.>", "*.b", ">"});
  CHECK(patterns.found("a.c") == Names{"a.*", "a.>", ">"});
  CHECK(patterns.found("b.c") == Names{">"});
  CHECK(patterns.found("a.b.c") == Names{"a.>", "a.*.c", ">", "*.*.>"});
  CHECK(patterns.found("b.b.b.b") == Names{">", "*.*.>"});
}

TEST_CASE("what is removed leaves nothing behind") {
  Patterns patterns;
  CHECK(patterns.trie.empty());
  const char* all[] = {"a.*", "a.*.c", "a.*.c.>", ">", "*", "a.b.*", "*.*"};
  for (const char* pattern : all) patterns.add(pattern);
  for (const char* pattern : all) {
    CHECK_FALSE(patterns.trie.empty());
    patterns.remove(pattern);
  }
  CHECK(patterns.trie.empty());
}

TEST_CASE("the deepest pattern that may be") {
  std::string topic = "x";
  std::string pattern = "*";
  for (std::size_t i = 1; i < maxTopicTokens; ++i) {
    topic += ".x";
    pattern += ".*";
  }
  Patterns patterns;
  patterns.add(pattern);
  CHECK(patterns.found(topic).size() == 1);
  CHECK(patterns.found(topic.substr(2)).empty());
  patterns.remove(pattern);
  CHECK(patterns.trie.empty());
}

TEST_CASE("random patterns match random topics as the naive matcher says") {
  std::mt19937 random(7);
  Patterns patterns;
  for (int round = 0; round < 20'000; ++round) {
    const std::string pattern = anyPattern(random);
    if (hasWildcards(pattern)) {
      // They come and go, a hundred or so at a time.
      if (random() % 200 < patterns.topics.size()) {
        patterns.remove(
            std::next(patterns.topics.begin(), static_cast<long>(random() % patterns.topics.size()))->first);
      } else {
        patterns.add(pattern);
      }
    }
    const std::string topic = anyTopic(random);
    std::set<std::string> expected;
    for (const auto& [name, one] : patterns.topics) {
      if (matches(name, topic)) expected.insert(name);
    }
    REQUIRE(patterns.found(topic) == expected);
  }
}
