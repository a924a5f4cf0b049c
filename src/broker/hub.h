#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "base/ref.h"
#include "base/shared_bytes.h"
#include "net/mailbox.h"
#include "topics/topic_tree.h"

namespace duplex::broker {

/// A frame on its way to the subscribers of a topic.
struct Publication {
  Ref<SharedBytes> frame;
  /// What it tells the latest of: its topic, unless the sender says otherwise. Good for the call.
  std::string_view key;
};

/// One topic space over the loops of one process: each loop has its subscribers, and a publication is
/// one entry in the mailbox of each loop, however many those are. Safe from any thread.
class Hub {
 public:
  using Deliver = void (*)(topics::Subscriber& subscriber, const Publication& publication);

  /// The subscribers of one loop; the tree is for its thread alone.
  struct Member {
    Member(net::Mailbox& box, bool wildcards) noexcept : mailbox(box), tree(wildcards) {}
    net::Mailbox& mailbox;
    topics::TopicTree tree;
  };

  Hub(Deliver deliver, bool wildcards) noexcept : deliver_(deliver), wildcards_(wildcards) {}

  /// Adds the calling thread's loop.
  std::shared_ptr<Member> join(net::Mailbox& mailbox);
  /// Takes it out again, on its thread; what is on its way to it by then goes nowhere.
  void leave(const std::shared_ptr<Member>& member);

  /// To all subscribers of `topic` but `except`, who is one of the calling thread's: on a member's own
  /// loop at once, on the others when they next look. With wildcards, `topic` is valid.
  void publish(std::string_view topic, const Publication& publication,
               const topics::Subscriber* except = nullptr) const;

 private:
  using Members = std::vector<std::shared_ptr<Member>>;
  std::shared_ptr<const Members> members() const;

  const Deliver deliver_;
  const bool wildcards_;
  // Guards the pointer; the list itself is replaced, never changed.
  mutable std::mutex mutex_;
  std::shared_ptr<const Members> members_ = std::make_shared<Members>();
};

}  // namespace duplex::broker
