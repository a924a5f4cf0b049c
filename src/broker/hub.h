#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include <duplex/function.h>

#include "base/ref.h"
#include "base/shared_bytes.h"
#include "net/mailbox.h"
#include "topics/topic_tree.h"

namespace duplex::broker {

/// A frame on its way to the subscribers of a topic.
struct Publication {
  Ref<SharedBytes> frame;
  /// The bytes of the application in it.
  std::size_t payload = 0;
};

/// One topic space over the loops of one process: each loop has its subscribers, and a publication is
/// one entry in the mailbox of each loop, however many those are.
class Hub {
 public:
  using Deliver = void (*)(topics::Subscriber& subscriber, const Publication& publication);

  /// The subscribers of one loop; for its thread.
  struct Member {
    net::Mailbox& mailbox;
    topics::TopicTree tree;
  };

  explicit Hub(Deliver deliver) noexcept : deliver_(deliver) {}

  /// Adds a loop, for as long as the hub lives. Not while others publish.
  Member& join(net::Mailbox& mailbox);

  /// To all subscribers of `topic` but `except`, who is one of the calling thread's. From any thread:
  /// on a member's own loop at once, on the others when they next look.
  void publish(std::string_view topic, const Publication& publication,
               const topics::Subscriber* except = nullptr) const;

 private:
  void deliverTo(Member& member, std::string_view topic, const Publication& publication,
                 const topics::Subscriber* except) const;

  Deliver deliver_;
  std::vector<std::unique_ptr<Member>> members_;
};

}  // namespace duplex::broker
