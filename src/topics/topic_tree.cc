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
    tree.leaving(*this, index);
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

Topic& TopicTree::add(std::string_view name) {
  const auto added = topics_.try_emplace(std::string(name), *this).first;
  Topic& topic = added->second;
  topic.name = &added->first;
  if (!wildcards_ || !hasWildcards(name)) return topic;
  try {
    if (patterns_ == nullptr) patterns_ = std::make_unique<PatternTrie>();
    patterns_->add(name, topic);
  } catch (...) {
    topics_.erase(added);
    throw;
  }
  topic.pattern = true;
  return topic;
}

void TopicTree::erase(const Topic& topic) noexcept {
  if (topic.pattern) {
    patterns_->remove(*topic.name);
    if (patterns_->empty()) patterns_.reset();
  }
  topics_.erase(topics_.find(*topic.name));
}

bool TopicTree::subscribe(Subscriber& subscriber, std::string_view name) {
  Topic* topic = find(name);
  if (topic == nullptr) {
    topic = &add(name);
  } else if (subscriber.find(topic) != nullptr) {
    return false;
  }
  bool isMember = false;
  try {
    topic->members.push_back(&subscriber);
    isMember = true;
    if (!subscriber.subscriptions_) subscriber.subscriptions_ = std::make_unique<Subscriber::Subscriptions>();
    subscriber.subscriptions_->insert(subscriber.position(topic), {topic, topic->members.size() - 1});
  } catch (...) {
    // For want of memory: as if it had not been called.
    if (isMember) topic->members.pop_back();
    if (topic->members.empty()) erase(*topic);
    throw;
  }
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

// --- a publication with patterns

void TopicTree::leaving(const Topic& topic, std::size_t index) noexcept {
  for (Matches* publication = running_; publication != nullptr; publication = publication->outer()) {
    publication->leaving(topic, index);
  }
}

void TopicTree::Matches::add(Topic& topic) {
  tree_.matched_.push_back({&topic, topic.members.size()});
  topic.beginWalk();
}

TopicTree::Matches::~Matches() {
  while (tree_.matched_.size() > first_) {
    Topic& topic = *tree_.matched_.back().topic;
    tree_.matched_.pop_back();
    topic.endWalk();
  }
  tree_.running_ = outer_;
}

Subscriber* TopicTree::Matches::next() noexcept {
  for (; current_ < tree_.matched_.size(); ++current_, index_ = 0) {
    const Matched& matched = tree_.matched_[current_];
    while (index_ < matched.end) {
      Subscriber* subscriber = matched.topic->members[index_++];
      if (subscriber != nullptr && (current_ == first_ || !served(*subscriber))) return subscriber;
    }
  }
  return nullptr;
}

// Who stands in a topic that has been walked, among those who were there from the beginning, has had
// the message. That is known without a mark in each subscriber.
bool TopicTree::Matches::served(const Subscriber& subscriber) const noexcept {
  for (std::size_t i = first_; i < current_; ++i) {
    const Matched& matched = tree_.matched_[i];
    const Subscriber::Subscription* subscription = subscriber.find(matched.topic);
    if (subscription != nullptr && subscription->index < matched.end) return true;
  }
  return std::find(gone_.begin(), gone_.end(), &subscriber) != gone_.end();
}

void TopicTree::Matches::leaving(const Topic& topic, std::size_t index) noexcept {
  for (std::size_t i = first_; i <= current_ && i < tree_.matched_.size(); ++i) {
    const Matched& matched = tree_.matched_[i];
    if (matched.topic != &topic || index >= (i == current_ ? index_ : matched.end)) continue;
    gone_.push_back(topic.members[index]);
  }
}

}  // namespace duplex::topics
