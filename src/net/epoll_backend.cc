#include "net/epoll_backend.h"

#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "net/loop.h"
#include "net/posix_socket.h"

namespace duplex::net {
namespace {

constexpr std::size_t receiveBufferSize = 256 * 1024;
constexpr std::size_t maxEvents = 1024;
constexpr std::size_t maxPieces = 64;
constexpr int maxAcceptsATurn = 256;
constexpr Milliseconds acceptRest{100};

// The two lowest bits of an event's key tell what the rest is: a Socket's address, or a descriptor.
enum Kind : std::uint64_t { SocketKind = 0, ListenerKind = 1, WatchKind = 2, KindMask = 3 };

std::uint64_t keyOf(Socket& socket) noexcept {
  return reinterpret_cast<std::uintptr_t>(&socket);
}

std::uint64_t keyOf(int descriptor, Kind kind) noexcept {
  return static_cast<std::uint64_t>(descriptor) << 2 | kind;
}

/// One piece, the usual case, costs the kernel less by itself than in a list.
ssize_t send(int descriptor, std::span<iovec> pieces) noexcept {
  if (pieces.size() == 1) return ::send(descriptor, pieces[0].iov_base, pieces[0].iov_len, MSG_NOSIGNAL);
  msghdr message{};
  message.msg_iov = pieces.data();
  message.msg_iovlen = pieces.size();
  return ::sendmsg(descriptor, &message, MSG_NOSIGNAL);
}

std::error_code errorOf(int error) noexcept {
  return {error, std::generic_category()};
}

}  // namespace

EpollBackend::EpollBackend(Loop& loop)
    : loop_(loop),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      receiveBuffer_(new std::byte[receiveBufferSize]),
      events_(new epoll_event[maxEvents]) {
  if (epoll_ < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
}

EpollBackend::~EpollBackend() {
  for (const auto& [descriptor, handler] : listeners_) ::close(descriptor);
  ::close(epoll_);
}

void EpollBackend::control(int operation, int descriptor, std::uint32_t events, std::uint64_t key) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = key;
  if (::epoll_ctl(epoll_, operation, descriptor, &event) != 0 && operation != EPOLL_CTL_DEL) {
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
  }
}

// --- listening

Listening EpollBackend::listen(const Address& address, AcceptHandler& handler) {
  const int descriptor = openListener(address);
  listeners_.emplace(descriptor, &handler);
  control(EPOLL_CTL_ADD, descriptor, EPOLLIN, keyOf(descriptor, ListenerKind));
  return describeListener(descriptor);
}

void EpollBackend::stopListening(int descriptor) noexcept {
  if (listeners_.erase(descriptor) == 0) return;
  control(EPOLL_CTL_DEL, descriptor, 0, 0);
  ::close(descriptor);
}

void EpollBackend::discard(const Accepted& accepted) noexcept {
  closeSocket(accepted.descriptor, false);
}

void EpollBackend::accept(int descriptor) {
  for (int accepted = 0; accepted < maxAcceptsATurn; ++accepted) {
    const auto listener = listeners_.find(descriptor);
    if (listener == listeners_.end()) return;
    SocketAddress name;
    const int connection = ::accept4(descriptor, name.get(), &name.size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (connection >= 0) {
      listener->second->onAccepted({connection, name.address()});
      continue;
    }
    const std::error_code error = errorOf(errno);
    if (error.value() == EMFILE || error.value() == ENFILE) {
      const bool dropped = spare_.dropConnection(descriptor);
      if (!dropped && errno == EAGAIN) return;
      listener->second->onAcceptFailed(error);
      if (!dropped) return rest(descriptor);
    } else if (error.value() == ENOBUFS || error.value() == ENOMEM) {
      listener->second->onAcceptFailed(error);
      return rest(descriptor);
    } else if (error.value() != ECONNABORTED && error.value() != EINTR) {
      return;
    }
  }
}

// The kernel has no room for another connection: asking again at once would be a busy loop.
void EpollBackend::rest(int descriptor) {
  control(EPOLL_CTL_DEL, descriptor, 0, 0);
  resting_.push_back(descriptor);
  loop_.schedule(restOver_, acceptRest);
}

void EpollBackend::acceptAgain() {
  for (const int descriptor : std::exchange(resting_, {})) {
    if (listeners_.contains(descriptor)) {
      control(EPOLL_CTL_ADD, descriptor, EPOLLIN, keyOf(descriptor, ListenerKind));
    }
  }
}

// --- sockets

void EpollBackend::setInterest(Socket& socket, std::uint32_t events) {
  if (std::exchange(socket.state().registered, events) != events) {
    control(EPOLL_CTL_MOD, socket.state().descriptor, events, keyOf(socket));
  }
}

void EpollBackend::updateInterest(Socket& socket) {
  const Socket::State& state = socket.state();
  const bool reading = !state.paused && !state.ended && !state.connecting;
  const bool writing = state.blocked || state.connecting;
  setInterest(socket, (reading ? EPOLLIN : 0u) | (writing ? EPOLLOUT : 0u));
}

void EpollBackend::start(Socket& socket) {
  socket.state().registered = EPOLLIN;
  control(EPOLL_CTL_ADD, socket.state().descriptor, EPOLLIN, keyOf(socket));
}

void EpollBackend::connect(Socket& socket) {
  Socket::State& state = socket.state();
  state.descriptor = startConnect(state.remote);
  if (state.descriptor < 0) {
    refused_.emplace_back(&socket, errorOf(errno));
    return;
  }
  state.registered = EPOLLOUT;
  try {
    control(EPOLL_CTL_ADD, state.descriptor, EPOLLOUT, keyOf(socket));
  } catch (const std::system_error& error) {
    refused_.emplace_back(&socket, error.code());
  }
}

void EpollBackend::finishConnect(Socket& socket) {
  if (const auto error = pendingError(socket.state().descriptor)) {
    loop_.fail(socket, error);
    return;
  }
  socket.state().connecting = false;
  updateInterest(socket);
  loop_.connected(socket);
}

void EpollBackend::updateReading(Socket& socket) {
  if (!socket.state().closed && socket.state().descriptor >= 0) updateInterest(socket);
}

void EpollBackend::read(Socket& socket) {
  const MutableBytes room = socket.room({receiveBuffer_.get(), receiveBufferSize});
  const ssize_t size = ::recv(socket.state().descriptor, room.data(), room.size(), 0);
  if (size > 0) {
    loop_.received(socket, room.first(static_cast<std::size_t>(size)));
  } else if (size == 0) {
    socket.state().ended = true;
    updateInterest(socket);
    socket.handler().onEnd();
  } else if (errno != EAGAIN && errno != EINTR) {
    loop_.fail(socket, errorOf(errno));
  }
}

void EpollBackend::flush(Socket& socket) {
  Socket::State& state = socket.state();
  if (state.single && !sendSingle(socket)) return;
  iovec pieces[maxPieces];
  bool some = false;
  while (socket.queued() != 0) {
    OutputQueue& output = socket.pending();
    const ssize_t sent = send(state.descriptor, {pieces, output.gather(pieces)});
    if (sent >= 0) {
      output.consume(static_cast<std::size_t>(sent));
      some = true;
    } else if (errno == EAGAIN) {
      if (some) ++state.progress;
      state.blocked = true;
      updateInterest(socket);
      return;
    } else if (errno != EINTR) {
      loop_.fail(socket, errorOf(errno));
      return;
    }
  }
  if (state.shuttingDown && !state.shutDown) {
    state.shutDown = true;
    ::shutdown(state.descriptor, SHUT_WR);
  }
  loop_.sent(socket);
}

// False if the connection failed.
bool EpollBackend::sendSingle(Socket& socket) {
  Ref<SharedBytes> frame = socket.takeSingle();
  const Bytes bytes = frame->bytes();
  const ssize_t sent = ::send(socket.state().descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN && errno != EINTR) {
    loop_.fail(socket, errorOf(errno));
    return false;
  }
  const auto taken = static_cast<std::size_t>(std::max<ssize_t>(sent, 0));
  if (taken == bytes.size()) return true;
  if (taken > 0) ++socket.state().progress;
  socket.putBack(std::move(frame), taken);
  return true;
}

std::size_t EpollBackend::sendNow(Socket& socket, Bytes head, Bytes body) noexcept {
  return net::sendNow(socket.state().descriptor, head, body);
}

void EpollBackend::close(Socket& socket, bool reset) noexcept {
  std::erase_if(refused_, [&](const auto& entry) { return entry.first == &socket; });
  if (socket.state().descriptor >= 0) {
    // Closing alone would leave it in epoll while a forked child still holds it.
    control(EPOLL_CTL_DEL, socket.state().descriptor, 0, 0);
    closeSocket(socket.state().descriptor, reset);
  }
  loop_.bury(socket);
}

// --- watching

void EpollBackend::watch(int descriptor, bool readable, bool writable, WatchHandler& handler) {
  const std::uint32_t events = (readable ? EPOLLIN : 0u) | (writable ? EPOLLOUT : 0u);
  if (events == 0) {
    if (watched_.erase(descriptor) != 0) control(EPOLL_CTL_DEL, descriptor, 0, 0);
    return;
  }
  const bool known = !watched_.insert_or_assign(descriptor, &handler).second;
  control(known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, descriptor, events, keyOf(descriptor, WatchKind));
}

void EpollBackend::onWatched(int descriptor, std::uint32_t events) {
  const auto watched = watched_.find(descriptor);
  if (watched == watched_.end()) return;
  const bool broken = (events & (EPOLLERR | EPOLLHUP)) != 0;
  watched->second->onReady(broken || (events & EPOLLIN) != 0, broken || (events & EPOLLOUT) != 0);
}

// --- a turn

void EpollBackend::wait(std::optional<TimePoint> deadline) {
  int timeout = -1;
  if (!refused_.empty()) {
    timeout = 0;
  } else if (deadline) {
    const auto left = std::chrono::ceil<Milliseconds>(*deadline - Clock::now()).count();
    timeout = static_cast<int>(std::clamp<std::int64_t>(left, 0, 3'600'000));
  }
  const int ready = ::epoll_wait(epoll_, events_.get(), maxEvents, timeout);
  ready_ = ready < 0 ? 0 : static_cast<std::size_t>(ready);
}

void EpollBackend::dispatch() {
  for (const auto& [socket, error] : std::exchange(refused_, {})) {
    if (!socket->state().closed) loop_.fail(*socket, error);
  }
  for (std::size_t i = 0; i < ready_; ++i) {
    const epoll_event& event = events_[i];
    const auto descriptor = static_cast<int>(event.data.u64 >> 2);
    switch (event.data.u64 & KindMask) {
      case ListenerKind:
        accept(descriptor);
        break;
      case WatchKind:
        onWatched(descriptor, event.events);
        break;
      default:
        onSocket(*reinterpret_cast<Socket*>(event.data.u64), event.events);
    }
  }
  ready_ = 0;
}

void EpollBackend::onSocket(Socket& socket, std::uint32_t events) {
  // It stays in memory to the end of the turn, but an earlier event may have closed it.
  Socket::State& state = socket.state();
  if (state.closed) return;
  if (state.connecting) {
    finishConnect(socket);
    return;
  }
  if ((events & EPOLLOUT) != 0 && state.blocked) {
    flush(socket);
    if (state.closed) return;
    if (!state.blocked) updateInterest(socket);
  }
  if ((events & EPOLLIN) != 0 && !state.paused) {
    read(socket);
  } else if ((events & (EPOLLERR | EPOLLHUP)) != 0) {
    const auto error = pendingError(state.descriptor);
    const bool bothEnded = state.ended && state.shutDown;
    loop_.fail(socket, error || bothEnded ? error : errorOf(ECONNRESET));
  }
}

}  // namespace duplex::net
