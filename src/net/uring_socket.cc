// The connections of UringBackend: their beginning and end, and receiving.
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "net/loop.h"
#include "net/posix_socket.h"
#include "net/uring_backend.h"

namespace duplex::net {
namespace {

std::error_code errorOf(int error) noexcept {
  return {error, std::generic_category()};
}

}  // namespace

// --- beginning

void UringBackend::start(Socket& socket) {
  list(socket);
  receive(socket);
}

// A file's place in the table is its descriptor, so that there is nothing to keep account of.
void UringBackend::list(Socket& socket) {
  Socket::State& state = socket.state();
  if (state.descriptor >= ring_.files()) return;
  io_uring_sqe& sqe = prepare(nullptr, Kind::Ignored);
  io_uring_prep_files_update(&sqe, &state.descriptor, 1, state.descriptor);
  sqe.flags |= IOSQE_CQE_SKIP_SUCCESS;
  state.registered |= Listed;
}

void UringBackend::unlist(Socket& socket) noexcept {
  static int none = -1;
  io_uring_sqe& sqe = prepare(nullptr, Kind::Ignored);
  io_uring_prep_files_update(&sqe, &none, 1, socket.state().descriptor);
  sqe.flags |= IOSQE_CQE_SKIP_SUCCESS;
}

void UringBackend::useList(const Socket& socket, io_uring_sqe& sqe) noexcept {
  if ((socket.state().registered & Listed) != 0) sqe.flags |= IOSQE_FIXED_FILE;
}

void UringBackend::connect(Socket& socket) {
  Socket::State& state = socket.state();
  state.descriptor = startConnect(state.remote);
  if (state.descriptor < 0) {
    refused_.emplace_back(&socket, errorOf(errno));
    return;
  }
  poll(socket);
}

void UringBackend::finishConnect(Socket& socket) {
  if (const auto error = pendingError(socket.state().descriptor)) {
    loop_.fail(socket, error);
    return;
  }
  socket.state().connecting = false;
  list(socket);
  updateReading(socket);
  loop_.connected(socket);
}

// --- receiving

void UringBackend::receive(Socket& socket, bool waitFirst) {
  if (socket.state().large) return awaitReadable(socket);
  io_uring_sqe& sqe = prepare(&socket, Kind::Receive);
  io_uring_prep_recv_multishot(&sqe, socket.state().descriptor, nullptr, 0, 0);
  sqe.flags |= IOSQE_BUFFER_SELECT;
  useList(socket, sqe);
  sqe.buf_group = UringBuffers::group;
  if (waitFirst) sqe.ioprio |= IORING_RECVSEND_POLL_FIRST;
  socket.state().registered |= Receiving;
}

// What is large is received when it is there, one connection after the other: so the kernel writes it where
// it is to stay, and it is looked at while it is in the cache.
void UringBackend::awaitReadable(Socket& socket) {
  io_uring_sqe& sqe = prepare(&socket, Kind::Receive);
  io_uring_prep_poll_add(&sqe, socket.state().descriptor, POLLIN);
  useList(socket, sqe);
  socket.state().registered |= Receiving | Readable;
}

void UringBackend::stopReceiving(Socket& socket) {
  cancel(&socket, Kind::Receive);
  socket.state().registered |= ReceiveCancelled;
}

void UringBackend::updateReading(Socket& socket) {
  Socket::State& state = socket.state();
  if (state.closed || state.connecting || state.ended) return;
  if (state.paused) {
    const std::uint32_t receiving = state.registered & (Receiving | ReceiveCancelled);
    if (receiving == 0) poll(socket);
    if (receiving == Receiving) stopReceiving(socket);
    return;
  }
  if (held_.contains(&socket)) resumed_.push_back(&socket);
  // One that is being cancelled is begun anew when it has ended.
  if ((state.registered & Receiving) == 0) receive(socket);
}

void UringBackend::onReceived(Socket& socket, const Completion& completion) {
  // Gives the buffer back, whatever a handler throws.
  struct Taken {
    UringBackend& backend;
    unsigned flags;
    ~Taken() {
      backend.delivering_ = {};
      if ((flags & IORING_CQE_F_BUFFER) != 0) backend.buffers_.release(flags);
    }
  } taken{*this, completion.flags};
  MutableBytes bytes;
  if ((completion.flags & IORING_CQE_F_BUFFER) != 0) {
    bytes = buffers_.take(std::max(completion.result, 0), completion.flags);
    delivering_ = bytes;
  }
  const Socket::State& state = socket.state();
  const bool readable = (state.registered & Readable) != 0 && completion.result > 0;
  if ((completion.flags & IORING_CQE_F_MORE) == 0) completed(socket, Receiving | ReceiveCancelled | Readable);
  if (state.closed) return;
  if (readable || completion.result == -ENOBUFS) {
    receiveDirectly(socket);
  } else {
    received(socket, completion.result, bytes);
  }
}

// Large messages, which the handler has memory for; or the buffers that all share are taken, by larger
// messages than they are good for: those are read one after the other into one that stays warm.
void UringBackend::receiveDirectly(Socket& socket) {
  if (socket.state().paused) {
    poll(socket);
    return;
  }
  const bool large = socket.state().large;
  const MutableBytes room = socket.room({directBuffer_.get(), directBufferSize});
  const ssize_t size = ::recv(socket.state().descriptor, room.data(), room.size(), MSG_DONTWAIT);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) {
    receive(socket);
    return;
  }
  // Asked for before a handler may pause or close it.
  if (size > 0 && large) awaitReadable(socket);
  if (size > 0 && !large) receive(socket, static_cast<std::size_t>(size) < room.size());
  received(socket, size < 0 ? -errno : static_cast<int>(size),
           room.first(static_cast<std::size_t>(std::max<ssize_t>(size, 0))));
}

void UringBackend::received(Socket& socket, int result, MutableBytes bytes) {
  Socket::State& state = socket.state();
  if (result > 0) {
    deliver(socket, bytes);
  } else if (result == 0) {
    // A paused one is told when it reads again.
    if (!state.paused && !held_.contains(&socket)) {
      state.ended = true;
      poll(socket);
      socket.handler().onEnd();
    }
  } else if (result != -ECANCELED && result != -EINTR && result != -EAGAIN) {
    loop_.fail(socket, errorOf(-result));
  }
  if (state.closed || state.ended || (state.registered & Receiving) != 0) return;
  if (state.paused) {
    poll(socket);
  } else {
    receive(socket);
  }
}

void UringBackend::deliver(Socket& socket, MutableBytes bytes) {
  if (!socket.state().paused && (held_.empty() || !held_.contains(&socket))) {
    socket.handler().onData(bytes);
    const Socket::State& state = socket.state();
    const std::uint32_t receiving = state.registered & (Receiving | ReceiveCancelled | Readable);
    if (state.offersRoom && !state.closed && receiving == Receiving) stopReceiving(socket);
    return;
  }
  std::vector<std::byte>& held = held_[&socket];
  held.insert(held.end(), bytes.begin(), bytes.end());
}

void UringBackend::deliverHeld() {
  while (!resumed_.empty()) {
    Socket& socket = *resumed_.back();
    resumed_.pop_back();
    if (socket.state().paused) continue;
    auto held = held_.extract(&socket);
    if (!held.empty()) socket.handler().onData(held.mapped());
  }
}

// --- polling

// For room to write; or, while it is not read from, for the end of the connection.
void UringBackend::poll(Socket& socket) {
  Socket::State& state = socket.state();
  const std::uint32_t current = state.registered & Polling;
  if (state.closed || current == PollingOut) return;
  const bool out = state.blocked || state.connecting;
  if (current == PollingHangUp) {
    if (!out || (state.registered & PollCancelled) != 0) return;
    cancel(&socket, Kind::Poll);
    state.registered |= PollCancelled;
    return;
  }
  if (!out && (state.registered & (Receiving | ReceiveCancelled)) == Receiving) return;
  io_uring_sqe& sqe = prepare(&socket, Kind::Poll);
  io_uring_prep_poll_add(&sqe, state.descriptor, out ? POLLOUT : 0);
  state.registered |= out ? PollingOut : PollingHangUp;
}

void UringBackend::onPolled(Socket& socket, int result) {
  completed(socket, Polling | PollCancelled);
  Socket::State& state = socket.state();
  if (state.closed) return;
  if (state.connecting) {
    finishConnect(socket);
    return;
  }
  const bool broken = result >= 0 && (result & (POLLERR | POLLHUP)) != 0;
  if (broken && (state.registered & Receiving) == 0) {
    const auto error = pendingError(state.descriptor);
    const bool bothEnded = state.ended && state.shutDown;
    loop_.fail(socket, error || bothEnded ? error : errorOf(ECONNRESET));
    return;
  }
  if (state.blocked && result > 0) {
    flush(socket);
  } else if (!broken) {
    poll(socket);
  }
}

// --- the end

void UringBackend::close(Socket& socket, bool reset) noexcept {
  Socket::State& state = socket.state();
  forget(socket);
  if (state.descriptor >= 0) {
    // What is queued goes with the socket: the kernel must have looked at it before.
    if ((state.registered & Sending) != 0) submit();
    if ((state.registered & (Receiving | ReceiveCancelled)) == Receiving) cancel(&socket, Kind::Receive);
    if ((state.registered & Polling) != 0 && (state.registered & PollCancelled) == 0) {
      cancel(&socket, Kind::Poll);
    }
    if (reset) resetOnClose(state.descriptor);
    if ((state.registered & Listed) != 0) unlist(socket);
    // In its place behind what has been prepared for this descriptor before.
    io_uring_prep_close(&prepare(&socket, Kind::Close), state.descriptor);
    state.registered |= Closing;
  }
  ++closing_;
  completed(socket, 0);
}

void UringBackend::forget(Socket& socket) noexcept {
  if (!refused_.empty()) std::erase_if(refused_, [&](const auto& entry) { return entry.first == &socket; });
  if (!resumed_.empty()) std::erase(resumed_, &socket);
  if (!held_.empty()) held_.erase(&socket);
}

void UringBackend::completed(Socket& socket, std::uint32_t operations) noexcept {
  Socket::State& state = socket.state();
  state.registered &= ~operations;
  if (!state.closed || (state.registered & InFlight) != 0) return;
  --closing_;
  loop_.bury(socket);
}

}  // namespace duplex::net
