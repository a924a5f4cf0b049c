#include "topics/topic_tree.h"

#include <algorithm>

namespace duplex::topics {

Subscriber::~Subscriber() {
  leaveAll();
}

Subscriber::Subscriptions::iterator Subscriber::position(const Topic* topic) const noexcept {
  return std::lower_bound(
      subscriptions_->begin(), subscriptions_->end(), topic,
      [](const Subscription& one, const Topic* other) { return std::less<>()(one.topic, other); });
}

Subscriber::Subscription* Subscriber::find(const Topic* topic) const noexcept {
  if (!subscriptions_) return nullptr;
  const auto found = position(topic);
  return found != subscriptions_->end() && found->topic == topic ? &*found : nullptr;
}

void Subscriber::leaveAll() noexcept {
  const std::unique_ptr<Subscriptions> left = std::move(subscriptions_);
  if (!left) return;
  for (const Subscription& one : *left) one.topic->leave(one.index);
}

void Topic::leave(std::size_t index) noexcept {
  if (walks > 0) {
    members[index] = nullptr;
    ++holes;
    return;
  }
  fill(index);
  if (members.empty()) tree.erase(*this);
}

// Moves the last member, which is not null unless it is at `index` itself, to a place that is empty.
void Topic::fill(std::size_t index) noexcept {
  Subscriber* last = members.back();
  members.pop_back();
  if (index == members.size()) return;
  members[index] = last;
  last->find(this)->index = index;
}

void Topic::endWalk() noexcept {
  if (--walks > 0 || holes == 0) return;
  for (std::size_t i = members.size(); i-- > 0;) {
    if (members[i] == nullptr) fill(i);
  }
  holes = 0;
  if (members.empty()) tree.erase(*this);
}

TopicTree::~TopicTree() {
  for (auto& [name, topic] : topics_) {
    for (Subscriber* subscriber : topic.members) {
      if (subscriber != nullptr) subscriber->subscriptions_.reset();
    }
  }
}

const Topic* TopicTree::find(std::string_view name) const noexcept {
  const auto found = topics_.find(name);
  return found == topics_.end() ? nullptr : &found->second;
}

Topic* TopicTree::find(std::string_view name) noexcept {
  return const_cast<Topic*>(std::as_const(*this).find(name));
}

void TopicTree::erase(const Topic& topic) noexcept {
  topics_.erase(topics_.find(*topic.name));
}

bool TopicTree::subscribe(Subscriber& subscriber, std::string_view name) {
  Topic* topic = find(name);
  if (topic == nullptr) {
    const auto added = topics_.try_emplace(std::string(name), *this).first;
    topic = &added->second;
    topic->name = &added->first;
  } else if (subscriber.find(topic) != nullptr) {
    return false;
  }
  if (!subscriber.subscriptions_) subscriber.subscriptions_ = std::make_unique<Subscriber::Subscriptions>();
  subscriber.subscriptions_->insert(subscriber.position(topic), {topic, topic->members.size()});
  topic->members.push_back(&subscriber);
  return true;
}

bool TopicTree::unsubscribe(Subscriber& subscriber, std::string_view name) noexcept {
  Topic* topic = find(name);
  const Subscriber::Subscription* subscription = topic == nullptr ? nullptr : subscriber.find(topic);
  if (subscription == nullptr) return false;
  const std::size_t index = subscription->index;
  subscriber.subscriptions_->erase(subscriber.position(topic));
  if (subscriber.subscriptions_->empty()) subscriber.subscriptions_.reset();
  topic->leave(index);
  return true;
}

bool TopicTree::isSubscribed(const Subscriber& subscriber, std::string_view name) const noexcept {
  const Topic* topic = find(name);
  return topic != nullptr && subscriber.find(topic) != nullptr;
}

std::size_t TopicTree::count(std::string_view name) const noexcept {
  const Topic* topic = find(name);
  return topic == nullptr ? 0 : topic->members.size() - topic->holes;
}

}  // namespace duplex::topics
