#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "topics/grammar.h"

namespace duplex::topics {

struct Topic;

/// Which patterns match a topic: a trie of their tokens, in which a topic takes at each token the way
/// of that name and the way of `*`. It visits no more nodes than there are, and goes no deeper than
/// `maxTopicTokens`.
class PatternTrie {
 public:
  /// `pattern` is valid, has wildcards, and is not there yet.
  void add(std::string_view pattern, Topic& topic);
  /// `pattern` is there.
  void remove(std::string_view pattern) noexcept { remove(root_, pattern); }
  bool empty() const noexcept { return root_.empty(); }

  /// Calls `found(Topic&)` for each pattern that matches `topic`, which is valid.
  template <class Found>
  void match(std::string_view topic, Found&& found) const {
    match(root_, topic, found);
  }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>()(text);
    }
  };
  struct Node {
    std::unordered_map<std::string, std::unique_ptr<Node>, Hash, std::equal_to<>> named;
    // Behind `*`.
    std::unique_ptr<Node> any;
    // What the pattern that ends here was added with, and the one that ends with `>` behind here.
    Topic* topic = nullptr;
    Topic* rest = nullptr;

    bool empty() const noexcept {
      return named.empty() && any == nullptr && topic == nullptr && rest == nullptr;
    }
  };

  static void remove(Node& node, std::string_view pattern) noexcept;

  template <class Found>
  static void match(const Node& node, std::string_view topic, Found& found) {
    if (node.rest != nullptr) found(*node.rest);
    const std::string_view token = takeToken(topic);
    const auto follow = [&](const Node& next) {
      if (!topic.empty()) {
        match(next, topic, found);
      } else if (next.topic != nullptr) {
        found(*next.topic);
      }
    };
    if (const auto next = node.named.find(token); next != node.named.end()) follow(*next->second);
    if (node.any != nullptr) follow(*node.any);
  }

  Node root_;
};

}  // namespace duplex::topics
