#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>

#include <duplex/websocket.h>

#include "base/ref.h"
#include "base/shared_bytes.h"

namespace duplex::websocket {

/// Messages for a slow peer, which wait where one of them can still be dropped for another: not yet in
/// the socket's queue, of which a part may be on its way. Whole frames, in the order in which they
/// leave. There while something waits, for a route with a policy other than `SlowPeer::Close`.
class Backlog {
 public:
  /// What a message counts beside its frame and its key, so that many short ones have a limit too.
  static constexpr std::size_t overhead = 64;

  explicit Backlog(SlowPeer policy) noexcept : policy_(policy) {}
  Backlog(const Backlog&) = delete;
  Backlog& operator=(const Backlog&) = delete;

  bool empty() const noexcept { return messages_.empty(); }
  /// What counts against a limit.
  std::size_t size() const noexcept { return size_; }
  /// Bytes of the application that wait.
  std::size_t payload() const noexcept { return payload_; }

  /// Whether a message of `payload` bytes will not fit into `room`, and none may go for it.
  bool refuses(std::size_t payload, std::size_t room) const noexcept {
    return policy_ == SlowPeer::DropNew && size_ + payload + overhead > room;
  }
  /// Adds a message, dropping others or it where they do not all fit into `room`. One that does not fit
  /// by itself is dropped, and no other for it. Returns how many were dropped.
  std::size_t put(Ref<SharedBytes> frame, std::string_view key, std::size_t room);
  /// Takes out the oldest; there is one.
  Ref<SharedBytes> take();

 private:
  struct Message {
    Ref<SharedBytes> frame;
    // Of KeepLatest; empty if it is like no other.
    std::string key;
  };

  static std::size_t costOf(const SharedBytes& frame, std::string_view key) noexcept {
    return frame.size() + key.size() + overhead;
  }
  Message* find(std::string_view key) noexcept;
  void append(Message message, std::size_t cost);

  const SlowPeer policy_;
  std::deque<Message> messages_;
  // The number of the first message; each has the next.
  std::uint64_t first_ = 0;
  // Views of the keys in messages_, where they stay while a message waits.
  std::unordered_map<std::string_view, std::uint64_t> numbers_;
  std::size_t size_ = 0;
  std::size_t payload_ = 0;
};

}  // namespace duplex::websocket
