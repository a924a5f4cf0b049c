#include "websocket/backlog.h"

#include <utility>

namespace duplex::websocket {

std::size_t Backlog::put(Ref<SharedBytes> frame, std::string_view key, std::size_t room) {
  if (policy_ != SlowPeer::KeepLatest) key = {};
  const std::size_t cost = costOf(*frame, key);
  if (cost > room) return 1;
  for (std::size_t dropped = 0;; ++dropped) {
    // The one of the same key may itself be dropped for its size, if it is the oldest.
    Message* const same = key.empty() ? nullptr : find(key);
    const std::size_t replaced = same == nullptr ? 0 : costOf(*same->frame, key);
    if (size_ - replaced + cost <= room) {
      if (same == nullptr) {
        append({std::move(frame), std::string(key)}, cost);
        return dropped;
      }
      size_ += cost - replaced;
      payload_ += frame->payload() - same->frame->payload();
      same->frame = std::move(frame);
      return dropped + 1;
    }
    if (policy_ == SlowPeer::DropNew) return 1;
    take();
  }
}

void Backlog::append(Message message, std::size_t cost) {
  messages_.push_back(std::move(message));
  const Message& added = messages_.back();
  if (!added.key.empty()) numbers_.emplace(added.key, first_ + messages_.size() - 1);
  size_ += cost;
  payload_ += added.frame->payload();
}

Backlog::Message* Backlog::find(std::string_view key) noexcept {
  const auto found = numbers_.find(key);
  return found == numbers_.end() ? nullptr : &messages_[found->second - first_];
}

Ref<SharedBytes> Backlog::take() {
  Message& oldest = messages_.front();
  if (!oldest.key.empty()) numbers_.erase(oldest.key);
  size_ -= costOf(*oldest.frame, oldest.key);
  payload_ -= oldest.frame->payload();
  Ref<SharedBytes> taken = std::move(oldest.frame);
  messages_.pop_front();
  ++first_;
  return taken;
}

}  // namespace duplex::websocket
