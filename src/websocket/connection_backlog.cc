// What a connection does with messages for a peer that reads more slowly than they come, where the
// route has a policy for it (SlowPeer). The socket's queue is kept short, so that most of what waits
// can still be dropped; the rest stands in the backlog.
#include <algorithm>
#include <limits>
#include <utility>

#include "websocket/connection.h"

namespace duplex::websocket {

void Connection::send(protocol::Opcode type, Bytes payload, std::string_view key) {
  const bool done = state_ == ReadyState::Open && hasPolicy() && held(type, payload, key);
  if (!done) send(type, payload);
}

/// Whether it waits, or has been dropped; if not, it is to be sent.
bool Connection::held(protocol::Opcode type, Bytes payload, std::string_view key) {
  if (!mustWait(payload.size())) return false;
  const bool deflates = compresses(payload.size());
  // What has no room as it is is not compressed first, only to find out.
  if (deflates && extras_ != nullptr && extras_->backlog != nullptr &&
      extras_->backlog->refuses(payload.size(), backlogRoom())) {
    ++extras_->dropped;
    stream_.notifyDrained();
    return true;
  }
  const Bytes deflated = deflates ? session_.deflate()->deflateAlone(payload) : Bytes();
  hold(deflated.empty() ? session_.frame(type, payload) : session_.frame(type, deflated, true), key);
  return true;
}

bool Connection::held(const Ref<SharedBytes>& frame, std::string_view key) {
  if (!mustWait(frame->payload())) return false;
  hold(frame, key);
  return true;
}

/// Whether what is sent now has to stand behind others in the backlog. Otherwise it fits into the
/// socket's queue; as the only message there it may have any size.
bool Connection::mustWait(std::size_t payload) const noexcept {
  if (extras_ != nullptr && extras_->backlog != nullptr) return true;
  const std::size_t queued = stream_.queued();
  const std::size_t limit = group_.limits.maxBufferedAmount;
  return queued > queueGoal() || (limit != 0 && stream_.queuedPayload() != 0 && queued + payload > limit);
}

/// What the socket's queue is filled up to; at least half of the limit is for what can be dropped.
std::size_t Connection::queueGoal() const noexcept {
  const std::size_t limit = group_.limits.maxBufferedAmount;
  return limit == 0 ? highWater : std::min(highWater, limit / 2);
}

/// What of the limit is left to the backlog.
std::size_t Connection::backlogRoom() const noexcept {
  const std::size_t limit = group_.limits.maxBufferedAmount;
  return limit == 0 ? std::numeric_limits<std::size_t>::max() : limit - std::min(limit, stream_.queued());
}

void Connection::hold(Ref<SharedBytes> frame, std::string_view key) {
  Extras& extras = this->extras();
  if (extras.backlog == nullptr) extras.backlog = std::make_unique<Backlog>(group_.limits.slowPeer);
  extras.dropped += extras.backlog->put(std::move(frame), key, backlogRoom());
  if (extras.backlog->empty()) extras.backlog.reset();
  // It goes on from there; and whoever lost a message is told when there is room again.
  stream_.notifyDrained();
}

/// Moves messages to the socket's queue, until there are `goal` bytes in it.
void Connection::release(std::size_t goal) {
  if (extras_ == nullptr || extras_->backlog == nullptr) return;
  OutputQueue& output = stream_.output();
  while (!extras_->backlog->empty() && output.size() <= goal) {
    Ref<SharedBytes> frame = extras_->backlog->take();
    const std::size_t payload = frame->payload();
    countSent(payload);
    output.append(std::move(frame));
    output.endFrame(payload);
  }
  if (extras_->backlog->empty()) extras_->backlog.reset();
}

}  // namespace duplex::websocket
