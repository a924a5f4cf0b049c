#include "topics/pattern_trie.h"

namespace duplex::topics {

void PatternTrie::add(std::string_view pattern, Topic& topic) {
  Node* node = &root_;
  while (!pattern.empty()) {
    const std::string_view token = takeToken(pattern);
    if (token == ">") {
      node->rest = &topic;
      return;
    }
    // Each node is whole before it is in its place, so that want of memory leaves no hole.
    if (token == "*") {
      if (node->any == nullptr) node->any = std::make_unique<Node>();
      node = node->any.get();
      continue;
    }
    auto next = node->named.find(token);
    if (next == node->named.end()) {
      next = node->named.emplace(std::string(token), std::make_unique<Node>()).first;
    }
    node = next->second.get();
  }
  node->topic = &topic;
}

// Nodes that lead to no pattern any more go with it.
void PatternTrie::remove(Node& node, std::string_view pattern) noexcept {
  const std::string_view token = takeToken(pattern);
  if (token == ">") {
    node.rest = nullptr;
    return;
  }
  const auto named = token == "*" ? node.named.end() : node.named.find(token);
  std::unique_ptr<Node>& next = token == "*" ? node.any : named->second;
  if (pattern.empty()) {
    next->topic = nullptr;
  } else {
    remove(*next, pattern);
  }
  if (!next->empty()) return;
  if (token == "*") {
    next.reset();
  } else {
    node.named.erase(named);
  }
}

}  // namespace duplex::topics
