#include "broker/hub.h"

#include <string>

namespace duplex::broker {

Hub::Member& Hub::join(net::Mailbox& mailbox) {
  members_.push_back(std::unique_ptr<Member>(new Member{mailbox, {}}));
  return *members_.back();
}

void Hub::publish(std::string_view topic, const Publication& publication,
                  const topics::Subscriber* except) const {
  for (const auto& member : members_) {
    if (member->mailbox.local() != nullptr) {
      deliverTo(*member, topic, publication, except);
    } else {
      member->mailbox.post([this, &to = *member, name = std::string(topic), publication] {
        deliverTo(to, name, publication, nullptr);
      });
    }
  }
}

void Hub::deliverTo(Member& member, std::string_view topic, const Publication& publication,
                    const topics::Subscriber* except) const {
  member.tree.publish(topic, [&](topics::Subscriber& subscriber) {
    if (&subscriber != except) deliver_(subscriber, publication);
  });
}

}  // namespace duplex::broker
