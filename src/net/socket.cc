#include "net/socket.h"

#include <algorithm>

#include "net/loop.h"

namespace duplex::net {

OutputQueue& Socket::output() {
  if (output_ == nullptr) output_ = loop_->takeOutput();
  if (loop_->answering_ == this) {
    loop_->answered_ = true;
  } else {
    loop_->markDirty(*this);
  }
  return *output_;
}

OutputQueue& Socket::sharedOutput() {
  if (output_ == nullptr) output_ = loop_->takeOutput();
  loop_->markDirty(*this);
  return *output_;
}

void Socket::write(Bytes head, Bytes body) {
  std::size_t taken = 0;
  if (queued() == 0 && !state_.connecting && !state_.blocked && !state_.closed) {
    taken = loop_->backend_->sendNow(*this, head, body);
    if (taken == head.size() + body.size()) return;
  }
  const std::size_t headTaken = std::min(taken, head.size());
  OutputQueue& queue = output();
  queue.append(head.subspan(headTaken));
  queue.append(body.subspan(taken - headTaken));
}

void Socket::notifyDrained() {
  state_.notifyDrained = true;
  loop_->markDirty(*this);
}

void Socket::pause() {
  if (state_.paused) return;
  state_.paused = true;
  loop_->backend_->updateReading(*this);
}

void Socket::resume() {
  if (!state_.paused) return;
  state_.paused = false;
  loop_->backend_->updateReading(*this);
}

void Socket::shutdown() {
  state_.shuttingDown = true;
  loop_->markDirty(*this);
}

void Socket::close(bool reset) {
  if (state_.closed) return;
  shut(reset);
  loop_->giveBackOutput(*this);
}

void Socket::shut(bool reset) {
  state_.closed = true;
  --loop_->sockets_;
  ++loop_->closing_;
  loop_->backend_->close(*this, reset);
}

}  // namespace duplex::net
