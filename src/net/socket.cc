#include "net/socket.h"

#include <algorithm>

#include "net/loop.h"

namespace duplex::net {

// The queue alone, whatever there was before.
OutputQueue& Socket::queue() {
  if (state_.single) {
    Ref<SharedBytes> frame = takeSingle();
    const std::size_t payload = frame->payload();
    output_ = loop_->takeOutput();
    output_->append(std::move(frame));
    output_->endFrame(payload);
  }
  if (output_ == nullptr) output_ = loop_->takeOutput();
  return *output_;
}

OutputQueue& Socket::output() {
  OutputQueue& queued = queue();
  if (loop_->answering_ == this) {
    loop_->answered_ = true;
  } else {
    loop_->markDirty(*this);
  }
  return queued;
}

OutputQueue& Socket::sharedOutput() {
  loop_->markDirty(*this);
  return queue();
}

void Socket::share(const Ref<SharedBytes>& frame) {
  if (output_ != nullptr) {
    OutputQueue& queued = sharedOutput();
    queued.append(frame);
    queued.endFrame(frame->payload());
    return;
  }
  frame->retain();
  single_ = frame.get();
  state_.single = true;
  loop_->markDirty(*this);
}

Ref<SharedBytes> Socket::takeSingle() noexcept {
  state_.single = false;
  auto frame = Ref<SharedBytes>::adopt(single_);
  output_ = nullptr;
  return frame;
}

void Socket::putBack(Ref<SharedBytes> frame, std::size_t taken) {
  queue().prepend(std::move(frame), taken);
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

void Socket::requestFlush() {
  loop_->markDirty(*this);
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
