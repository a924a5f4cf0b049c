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

std::size_t Socket::writeNow(Bytes head, Bytes body) {
  if (queued() != 0 || state_.connecting || state_.blocked || state_.closed) return 0;
  return loop_->backend_->sendNow(*this, head, body);
}

void Socket::write(Bytes head, Bytes body) {
  const std::size_t taken = writeNow(head, body);
  if (taken == head.size() + body.size()) return;
  const std::size_t headTaken = std::min(taken, head.size());
  OutputQueue& queue = output();
  queue.append(head.subspan(headTaken));
  queue.append(body.subspan(taken - headTaken));
}

// What comes after something large may be large, too: of that only the beginning has to be received
// elsewhere.
MutableBytes Socket::roomForLarge(MutableBytes usual) {
  constexpr std::size_t mostAtOnce = 1024 * 1024;
  constexpr std::size_t beginning = 16 * 1024;
  if (!state_.offersRoom) {
    state_.large = false;
    return usual.first(std::min(usual.size(), beginning));
  }
  const MutableBytes own = handler_->room();
  return own.empty() ? usual : own.first(std::min(own.size(), mostAtOnce));
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
