#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

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

  explicit Topic(TopicTree& owner) noexcept : tree(owner) {}
  void leave(std::size_t index) noexcept;
  void fill(std::size_t index) noexcept;
  void beginWalk() noexcept { ++walks; }
  void endWalk() noexcept;
};

/// Which subscribers want which topics; topics are exact strings.
///
/// Subscribing and unsubscribing take the same time however many subscribers a topic has; publishing
/// walks an array. A topic that nobody subscribes to takes no memory.
///
/// All of it, and the end of a subscriber's life, may come from the callback of a `publish` that is
/// under way. Not for two threads at once.
class TopicTree {
 public:
  TopicTree() = default;
  TopicTree(const TopicTree&) = delete;
  TopicTree& operator=(const TopicTree&) = delete;
  /// Lets go of all subscribers.
  ~TopicTree();

  /// False if it was subscribed already.
  bool subscribe(Subscriber& subscriber, std::string_view topic);
  /// False if it was not subscribed.
  bool unsubscribe(Subscriber& subscriber, std::string_view topic) noexcept;
  bool isSubscribed(const Subscriber& subscriber, std::string_view topic) const noexcept;
  /// Ends all subscriptions of `subscriber`.
  void remove(Subscriber& subscriber) noexcept { subscriber.leaveAll(); }

  /// Subscribers of `topic`.
  std::size_t count(std::string_view topic) const noexcept;
  /// Topics that have subscribers.
  std::size_t size() const noexcept { return topics_.size(); }

  /// Calls `deliver(Subscriber&)` for each subscriber of `topic`, in no order to rely on. Who
  /// subscribes meanwhile does not get this message; who leaves meanwhile gets it no more. Returns
  /// the number of calls.
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

  const Topic* find(std::string_view name) const noexcept;
  Topic* find(std::string_view name) noexcept;
  void erase(const Topic& topic) noexcept;

  // Elements of the map do not move, so a Topic is known by its address.
  std::unordered_map<std::string, Topic, Hash, std::equal_to<>> topics_;
};

template <class Deliver>
std::size_t TopicTree::publish(std::string_view name, Deliver&& deliver) {
  Topic* topic = find(name);
  if (topic == nullptr) return 0;
  struct Walk {
    Topic& topic;
    explicit Walk(Topic& walked) noexcept : topic(walked) { topic.beginWalk(); }
    ~Walk() { topic.endWalk(); }
  } walk(*topic);
  std::size_t calls = 0;
  // Who joins meanwhile stands behind `end`; the array may move.
  for (std::size_t i = 0, end = topic->members.size(); i < end; ++i) {
    Subscriber* subscriber = topic->members[i];
    if (subscriber == nullptr) continue;
    ++calls;
    deliver(*subscriber);
  }
  return calls;
}

}  // namespace duplex::topics
