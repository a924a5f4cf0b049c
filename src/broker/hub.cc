#include "broker/hub.h"

#include <string>
#include <utility>

namespace duplex::broker {
namespace {

void deliverTo(Hub::Member& member, Hub::Deliver deliver, std::string_view topic,
               const Publication& publication, const topics::Subscriber* except) {
  member.tree.publish(topic, [&](topics::Subscriber& subscriber) {
    if (&subscriber != except) deliver(subscriber, publication);
  });
}

}  // namespace

std::shared_ptr<Hub::Member> Hub::join(net::Mailbox& mailbox) {
  auto member = std::make_shared<Member>(mailbox, wildcards_);
  const std::lock_guard lock(mutex_);
  auto members = std::make_shared<Members>(*members_);
  members->push_back(member);
  members_ = std::move(members);
  return member;
}

void Hub::leave(const std::shared_ptr<Member>& member) {
  const std::lock_guard lock(mutex_);
  auto members = std::make_shared<Members>(*members_);
  std::erase(*members, member);
  members_ = std::move(members);
}

std::shared_ptr<const Hub::Members> Hub::members() const {
  const std::lock_guard lock(mutex_);
  return members_;
}

void Hub::publish(std::string_view topic, const Publication& publication,
                  const topics::Subscriber* except) const {
  const std::shared_ptr<const Members> all = members();
  const std::string_view ownKey = publication.key == topic ? std::string_view() : publication.key;
  for (const std::shared_ptr<Member>& member : *all) {
    if (member->mailbox.local() != nullptr) {
      deliverTo(*member, deliver_, topic, publication, except);
      continue;
    }
    // The member may leave, and the hub go, before this is read.
    member->mailbox.post([to = std::weak_ptr(member), deliver = deliver_, name = std::string(topic),
                          key = std::string(ownKey), copy = publication]() mutable {
      copy.key = key.empty() ? name : key;
      if (const auto there = to.lock()) deliverTo(*there, deliver, name, copy, nullptr);
    });
  }
}

}  // namespace duplex::broker
