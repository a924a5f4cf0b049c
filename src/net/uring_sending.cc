// What the connections of UringBackend send.
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <new>
#include <utility>

#include "base/contains.h"
#include "net/loop.h"
#include "net/posix_socket.h"
#include "net/uring_backend.h"
#include "net/uring_gathered.h"

namespace duplex::net {

void UringBackend::flush(Socket& socket) {
  Socket::State& state = socket.state();
  if ((state.registered & Sending) != 0) {
    behind_ = true;
    return;
  }
  if (socket.queued() == 0) {
    finishFlush(socket);
    return;
  }
  // What needs memory comes first: a submission that has been taken cannot be given back.
  if (staged_.size() == staged_.capacity()) staged_.reserve(2 * staged_.size());
  if (gatheredUsed_ == gathered_.size()) gathered_.push_back(std::make_unique<Gathered>());
  io_uring_sqe& sqe = prepare(&socket, Kind::Send);
  staged_.push_back(stage(socket, sqe));
  // More pieces than one send takes.
  if (!staged_.back().single && socket.queued() > staged_.back().size) behind_ = true;
  // Someone waits for the queue to be empty: then the wait is to end when it is.
  const bool tell = state.notifyDrained || state.blocked || state.shuttingDown;
  if (!tell) sqe.flags |= IOSQE_CQE_SKIP_SUCCESS;
  useList(socket, sqe);
  state.registered |= Sending;
}

UringBackend::Staged UringBackend::stage(Socket& socket, io_uring_sqe& sqe) noexcept {
  const int descriptor = socket.state().descriptor;
  if (socket.state().single) {
    Ref<SharedBytes> frame = socket.takeSingle();
    io_uring_prep_send(&sqe, descriptor, frame->bytes().data(), frame->size(), sendFlags);
    return {&socket, frame->size(), std::move(frame)};
  }
  Gathered& gathered = *gathered_[gatheredUsed_];
  const std::size_t pieces = socket.pending().gather(gathered.pieces);
  std::size_t size = 0;
  for (std::size_t i = 0; i < pieces; ++i) size += gathered.pieces[i].iov_len;
  if (pieces == 1) {
    io_uring_prep_send(&sqe, descriptor, gathered.pieces[0].iov_base, size, sendFlags);
  } else {
    ++gatheredUsed_;
    gathered.message = {};
    gathered.message.msg_iov = gathered.pieces.data();
    gathered.message.msg_iovlen = pieces;
    io_uring_prep_sendmsg(&sqe, descriptor, &gathered.message, sendFlags);
  }
  return {&socket, size};
}

std::size_t UringBackend::sendNow(Socket& socket, Bytes head, Bytes body) noexcept {
  // What has been prepared before comes first, though it may be queued no more.
  if ((socket.state().registered & Sending) != 0) return 0;
  if (head.data() + head.size() == body.data() && contains(delivering_, head) &&
      contains(delivering_, body) && staged_.size() < staged_.capacity()) {
    sendReceived(socket, {head.data(), head.size() + body.size()}, body.size());
    return head.size() + body.size();
  }
  return net::sendNow(socket.state().descriptor, head, body);
}

// An answer from where the question lies leaves with the others of the turn; what it is has been told to the
// kernel before it gets the buffer back.
void UringBackend::sendReceived(Socket& socket, Bytes frame, std::size_t payload) noexcept {
  io_uring_sqe& sqe = prepare(&socket, Kind::Send);
  io_uring_prep_send(&sqe, socket.state().descriptor, frame.data(), frame.size(), sendFlags);
  sqe.flags |= IOSQE_CQE_SKIP_SUCCESS;
  useList(socket, sqe);
  staged_.push_back({&socket, frame.size(), {}, frame.data()});
  socket.state().lent = static_cast<std::uint32_t>(frame.size());
  socket.state().lentPayload = static_cast<std::uint32_t>(payload);
  socket.state().registered |= Sending;
  buffers_.keep();
  sendsReceived_ = true;
}

void UringBackend::settleReceived() {
  if (!sendsReceived_) return;
  handOverStaged();
  settle();
  buffers_.giveBack();
  sendsReceived_ = false;
}

void UringBackend::handOverStaged() noexcept {
  submit();
  // Else a short send could pass for a whole one.
  if (io_uring_cq_has_overflow(ring_.get())) emptyCompletions();
}

bool UringBackend::notesShortfall(std::uint64_t data, int result) {
  constexpr std::uint64_t mask = 7;
  if (static_cast<Kind>(data & mask) != Kind::Send) return false;
  shortfalls_.push_back({reinterpret_cast<Socket*>(data & ~mask), result});
  return true;
}

// Each once: what is sent to the same socket afterwards has another outcome.
void UringBackend::findShortfalls() {
  const std::uint64_t seen = tag(nullptr, Kind::Ignored);
  shortfalls_.clear();
  for (Completion& completion : overflowed_) {
    if (notesShortfall(completion.data, completion.result)) completion.data = seen;
  }
  io_uring_cqe* cqe = nullptr;
  unsigned head = 0;
  io_uring_for_each_cqe(ring_.get(), head, cqe) {
    if (notesShortfall(cqe->user_data, cqe->res)) cqe->user_data = seen;
  }
  std::sort(shortfalls_.begin(), shortfalls_.end(),
            [](const Shortfall& a, const Shortfall& b) { return a.socket < b.socket; });
}

// What the kernel took of `size` bytes, or a negative errno.
int UringBackend::shortfall(Socket& socket, std::size_t size) const noexcept {
  const auto found = std::lower_bound(shortfalls_.begin(), shortfalls_.end(), &socket,
                                      [](const Shortfall& a, const Socket* b) { return a.socket < b; });
  if (found == shortfalls_.end() || found->socket != &socket) return static_cast<int>(size);
  return found->result;
}

// Of all that is staged, which has been handed over; what the calls in here add is for the next time.
void UringBackend::settle() {
  behind_ = false;
  if (settled_ < settling_.size()) {
    // A handler which threw left them over; their shortfalls are known. Some of what they add may have been
    // handed over, for want of room: now all is, so that no shortfall is found that belongs to none of these.
    finishSettling();
    handOverStaged();
  }
  if (staged_.empty()) return;
  settling_.reserve(staged_.size());
  shortfalls_.reserve(staged_.size());
  settling_.swap(staged_);
  findShortfalls();
  finishSettling();
}

void UringBackend::finishSettling() {
  while (settled_ < settling_.size()) settle(settling_[settled_++]);
  settling_.clear();
  settled_ = 0;
}

void UringBackend::settle(Staged& staged) {
  Socket& socket = *staged.socket;
  Socket::State& state = socket.state();
  const int result = shortfalls_.empty() ? static_cast<int>(staged.size) : shortfall(socket, staged.size);
  completed(socket, Sending);
  if (state.closed) return;
  if (result < 0 && result != -EAGAIN && result != -EINTR) {
    loop_.fail(socket, std::error_code(-result, std::generic_category()));
    return;
  }
  const auto taken = static_cast<std::size_t>(std::max(result, 0));
  if (!staged.single && staged.received == nullptr) {
    socket.pending().consume(taken);
  } else if (taken < staged.size) {
    try {
      putBack(staged, taken);
    } catch (const std::bad_alloc&) {
      loop_.fail(socket, std::make_error_code(std::errc::not_enough_memory));
      return;
    }
  }
  if (staged.received != nullptr) state.lent = state.lentPayload = 0;
  if (taken > 0 && state.blocked) ++state.progress;
  if (taken == staged.size || result == -EINTR) {
    // More was written meanwhile, or it had more pieces than one send takes.
    if (socket.queued() != 0) {
      flush(socket);
    } else {
      finishFlush(socket);
    }
    return;
  }
  if (taken > 0 && !state.blocked) ++state.progress;
  state.blocked = true;
  poll(socket);
}

void UringBackend::putBack(Staged& staged, std::size_t taken) {
  if (staged.single) {
    staged.socket->putBack(std::move(staged.single), taken);
    return;
  }
  const Bytes rest = Bytes(staged.received, staged.size).subspan(taken);
  auto copy = Ref<SharedBytes>::adopt(new SharedBytes(rest.size(), staged.socket->state().lentPayload));
  std::copy(rest.begin(), rest.end(), copy->writable().begin());
  staged.socket->putBack(std::move(copy), 0);
}

void UringBackend::finishFlush(Socket& socket) {
  Socket::State& state = socket.state();
  if (state.shuttingDown && !state.shutDown) {
    state.shutDown = true;
    ::shutdown(state.descriptor, SHUT_WR);
  }
  loop_.sent(socket);
}

}  // namespace duplex::net
