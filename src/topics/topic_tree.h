#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "topics/pattern_trie.h"

namespace duplex::topics {

class TopicTree;
struct Topic;

/// What subscribes to topics: a base or a member of a connection. Costs one pointer until it
/// subscribes. Of one tree at a time. Going away, it leaves its topics.
class Subscriber {
 public:
  Subscriber() noexcept = default;
  Subscriber(const Subscriber&) = delete;
  Subscriber& operator=(const Subscriber&) = delete;
  ~Subscriber();

  /// Topics subscribed to.
  std::size_t topics() const noexcept { return subscriptions_ ? subscriptions_->size() : 0; }

 private:
  friend class TopicTree;
  friend struct Topic;

  // `index`: where the subscriber stands among the topic's members.
  struct Subscription {
    Topic* topic;
    std::size_t index;
  };
  using Subscriptions = std::vector<Subscription>;

  // Where `topic` is or would be; there are subscriptions.
  Subscriptions::iterator position(const Topic* topic) const noexcept;
  // Null if not subscribed.
  Subscription* find(const Topic* topic) const noexcept;
  void leaveAll() noexcept;

  // Ordered by the address of the topic; null while there are none.
  std::unique_ptr<Subscriptions> subscriptions_;
};

/// Internal to TopicTree.
struct Topic {
  TopicTree& tree;
  /// The key of the tree's map.
  const std::string* name = nullptr;
  /// During a walk nobody changes place: who leaves then leaves null behind.
  std::vector<Subscriber*> members;
  std::size_t holes = 0;
  unsigned walks = 0;
  /// It has wildcards, and is in the tree's trie.
  bool pattern = false;

  explicit Topic(TopicTree& owner) noexcept : tree(owner) {}
  void leave(std::size_t index) noexcept;
  void fill(std::size_t index) noexcept;
  void beginWalk() noexcept { ++walks; }
  void endWalk() noexcept;
};

/// Which subscribers want which topics. Topics are exact strings, or, with wildcards, what grammar.h
/// says; who subscribes to several patterns that match gets a message once.
///
/// Subscribing and unsubscribing take the same time however many subscribers a topic has; publishing
/// walks an array. A topic that nobody subscribes to takes no memory. While nobody subscribes to a
/// pattern with wildcards there is nothing but exact strings.
///
/// All of it, and the end of a subscriber's life, may come from the callback of a `publish` that is
/// under way. Not for two threads at once.
class TopicTree {
 public:
  explicit TopicTree(bool wildcards = false) noexcept : wildcards_(wildcards) {}
  TopicTree(const TopicTree&) = delete;
  TopicTree& operator=(const TopicTree&) = delete;
  /// Lets go of all subscribers.
  ~TopicTree();

  bool wildcards() const noexcept { return wildcards_; }

  /// With wildcards, `topic` is a valid pattern. False if it was subscribed already.
  bool subscribe(Subscriber& subscriber, std::string_view topic);
  /// False if it was not subscribed.
  bool unsubscribe(Subscriber& subscriber, std::string_view topic) noexcept;
  bool isSubscribed(const Subscriber& subscriber, std::string_view topic) const noexcept;
  /// Ends all subscriptions of `subscriber`.
  void remove(Subscriber& subscriber) noexcept { subscriber.leaveAll(); }

  /// Subscribers of `topic` itself; what matches it, or it would match, does not count.
  std::size_t count(std::string_view topic) const noexcept;
  /// Topics, patterns among them, that have subscribers.
  std::size_t size() const noexcept { return topics_.size(); }

  /// Calls `deliver(Subscriber&)` once for each subscriber of `topic` and of patterns that match it, in
  /// no order to rely on. Who subscribes meanwhile does not get this message; who leaves meanwhile gets
  /// it no more. With wildcards, `topic` is valid. Returns the number of calls.
  template <class Deliver>
  std::size_t publish(std::string_view topic, Deliver&& deliver);

 private:
  friend struct Topic;

  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>()(text);
    }
  };

  class Matches;
  struct Matched {
    Topic* topic;
    // Its members when the publication began.
    std::size_t end;
  };

  const Topic* find(std::string_view name) const noexcept;
  Topic* find(std::string_view name) noexcept;
  Topic& add(std::string_view name);
  void erase(const Topic& topic) noexcept;
  void leaving(const Topic& topic, std::size_t index) noexcept;
  template <class Deliver>
  static std::size_t walk(Topic& topic, Deliver& deliver);
  template <class Deliver>
  std::size_t publishToMatches(Topic* exact, std::string_view name, Deliver& deliver);

  // Elements of the map do not move, so a Topic is known by its address.
  std::unordered_map<std::string, Topic, Hash, std::equal_to<>> topics_;
  // Those with wildcards; null while there are none.
  std::unique_ptr<PatternTrie> patterns_;
  // Publications that are under way with patterns, the last one first, and what they walk: one array
  // for all, that is kept.
  Matches* running_ = nullptr;
  std::vector<Matched> matched_;
  const bool wildcards_;
};

/// A publication to all topics that match, which it walks one after the other.
class TopicTree::Matches {
 public:
  explicit Matches(TopicTree& tree) noexcept
      : tree_(tree), outer_(std::exchange(tree.running_, this)), first_(tree.matched_.size()) {}
  Matches(const Matches&) = delete;
  Matches& operator=(const Matches&) = delete;
  ~Matches();

  void add(Topic& topic);
  std::size_t size() const noexcept { return tree_.matched_.size() - first_; }
  Topic& first() const noexcept { return *tree_.matched_[first_].topic; }
  /// Whose turn it is; null at the end.
  Subscriber* next() noexcept;

  /// The member at `index` leaves `topic`.
  void leaving(const Topic& topic, std::size_t index) noexcept;
  Matches* outer() const noexcept { return outer_; }

 private:
  bool served(const Subscriber& subscriber) const noexcept;

  TopicTree& tree_;
  Matches* const outer_;
  // Of the tree's array: where this publication's topics begin, which one is walked, and its next member.
  const std::size_t first_;
  std::size_t current_ = first_;
  std::size_t index_ = 0;
  // Who was served and has left the topic since. Their addresses may be others' by now, but those
  // subscribed too late for this publication.
  std::vector<const Subscriber*> gone_;
};

template <class Deliver>
std::size_t TopicTree::publish(std::string_view name, Deliver&& deliver) {
  Topic* topic = find(name);
  if (patterns_ != nullptr) [[unlikely]]
    return publishToMatches(topic, name, deliver);
  return topic == nullptr ? 0 : walk(*topic, deliver);
}

template <class Deliver>
std::size_t TopicTree::walk(Topic& topic, Deliver& deliver) {
  struct Walk {
    Topic& topic;
    explicit Walk(Topic& walked) noexcept : topic(walked) { topic.beginWalk(); }
    ~Walk() { topic.endWalk(); }
  } walk(topic);
  std::size_t calls = 0;
  // Who joins meanwhile stands behind `end`; the array may move.
  for (std::size_t i = 0, end = topic.members.size(); i < end; ++i) {
    Subscriber* subscriber = topic.members[i];
    if (subscriber == nullptr) continue;
    ++calls;
    deliver(*subscriber);
  }
  return calls;
}

template <class Deliver>
std::size_t TopicTree::publishToMatches(Topic* exact, std::string_view name, Deliver& deliver) {
  Matches matches(*this);
  if (exact != nullptr) matches.add(*exact);
  patterns_->match(name, [&](Topic& pattern) { matches.add(pattern); });
  // The usual case: nobody can get it twice.
  if (matches.size() == 1) return walk(matches.first(), deliver);
  std::size_t calls = 0;
  while (Subscriber* subscriber = matches.next()) {
    ++calls;
    deliver(*subscriber);
  }
  return calls;
}

}  // namespace duplex::topics
