#include "net/sim_backend.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "net/loop.h"

namespace duplex::net {
namespace {

std::error_code errorOf(int error) noexcept {
  return {error, std::generic_category()};
}

bool isAny(const Address& address) noexcept {
  return address.family() != Address::Family::Unix && address.bytes() == std::array<std::uint8_t, 16>{};
}

}  // namespace

SimBackend::SimBackend(Loop& loop, const SimOptions& options)
    : loop_(loop), options_(options), random_(options.seed) {}

bool SimBackend::chance(unsigned thousandths) {
  return thousandths != 0 && random_() % 1000 < thousandths;
}

// --- listening

Listening SimBackend::listen(const Address& address, AcceptHandler& handler) {
  Address bound = address;
  if (address.family() != Address::Family::Unix && address.port() == 0) {
    bound = Address(address.family(), address.bytes(), nextPort_++);
  }
  if (listenerAt(bound) != nullptr) {
    throw std::system_error(EADDRINUSE, std::generic_category(), "listen on " + bound.string());
  }
  const int descriptor = nextListener_++;
  listeners_.emplace(descriptor, std::pair(bound, &handler));
  return {descriptor, bound, {}};
}

void SimBackend::stopListening(int descriptor) noexcept {
  listeners_.erase(descriptor);
}

const std::pair<const int, std::pair<Address, AcceptHandler*>>* SimBackend::listenerAt(
    const Address& address) const {
  for (const auto& listener : listeners_) {
    const Address& bound = listener.second.first;
    if (bound.port() == address.port() && (isAny(bound) || isAny(address) || bound == address)) {
      return &listener;
    }
  }
  return nullptr;
}

void SimBackend::discard(const Accepted& accepted) noexcept {
  End& end = ends_[static_cast<std::size_t>(accepted.descriptor)];
  end.gone = true;
  if (end.peer >= 0) ends_[static_cast<std::size_t>(end.peer)].reset = true;
}

// --- sockets

int SimBackend::makeEnd() {
  ends_.emplace_back();
  return static_cast<int>(ends_.size()) - 1;
}

void SimBackend::start(Socket& socket) {
  End& end = ends_[static_cast<std::size_t>(socket.state().descriptor)];
  end.socket = &socket;
  end.started = true;
}

void SimBackend::connect(Socket& socket) {
  const int descriptor = makeEnd();
  socket.state().descriptor = descriptor;
  ends_[static_cast<std::size_t>(descriptor)].socket = &socket;
}

void SimBackend::finishConnect(int descriptor) {
  Socket& socket = *ends_[static_cast<std::size_t>(descriptor)].socket;
  const auto* listener = listenerAt(socket.state().remote);
  if (listener == nullptr || chance(options_.refusals)) {
    loop_.fail(socket, errorOf(ECONNREFUSED));
    return;
  }
  const int accepted = makeEnd();
  End& ours = ends_[static_cast<std::size_t>(descriptor)];
  End& theirs = ends_[static_cast<std::size_t>(accepted)];
  ours.peer = accepted;
  ours.started = true;
  theirs.peer = descriptor;
  const bool local = socket.state().remote.family() == Address::Family::Unix;
  theirs.remote = local ? Address::unixSocket({}) : Address::parse("127.0.0.1", nextPort_++);
  listener->second.second->onAccepted({accepted, theirs.remote});
  if (socket.state().closed) return;
  socket.state().connecting = false;
  loop_.connected(socket);
}

void SimBackend::flush(Socket& socket) {
  Socket::State& state = socket.state();
  End& end = ends_[static_cast<std::size_t>(state.descriptor)];
  End& peer = ends_[static_cast<std::size_t>(end.peer)];
  if (socket.queued() != 0) ++sends_;
  if (state.single) socket.putBack(socket.takeSingle(), 0);
  bool some = false;
  while (socket.queued() != 0) {
    if (peer.gone) {
      loop_.fail(socket, errorOf(EPIPE));
      return;
    }
    const std::size_t room = options_.capacity - std::min(options_.capacity, peer.inbox.size());
    if (room == 0) {
      if (some) ++state.progress;
      state.blocked = true;
      return;
    }
    iovec piece;
    OutputQueue& output = socket.pending();
    output.gather({&piece, 1});
    const std::size_t size = std::min(room, piece.iov_len);
    peer.inbox.append(static_cast<const char*>(piece.iov_base), size);
    output.consume(size);
    some = true;
  }
  if (state.shuttingDown) end.finSent = state.shutDown = true;
  loop_.sent(socket);
}

std::size_t SimBackend::sendNow(Socket& socket, Bytes head, Bytes body) noexcept {
  End& end = ends_[static_cast<std::size_t>(socket.state().descriptor)];
  End& peer = ends_[static_cast<std::size_t>(end.peer)];
  const std::size_t room = options_.capacity - std::min(options_.capacity, peer.inbox.size());
  if (peer.gone || room == 0 || chance(options_.delays)) return 0;
  ++sends_;
  const std::size_t size = std::min(1 + random_() % room, head.size() + body.size());
  const std::size_t ofHead = std::min(size, head.size());
  peer.inbox.append(asText(head.first(ofHead))).append(asText(body.first(size - ofHead)));
  return size;
}

void SimBackend::close(Socket& socket, bool reset) noexcept {
  if (socket.state().descriptor >= 0) {
    End& end = ends_[static_cast<std::size_t>(socket.state().descriptor)];
    end.gone = true;
    end.socket = nullptr;
    if (end.peer >= 0) {
      End& peer = ends_[static_cast<std::size_t>(end.peer)];
      // As a kernel does: unread input makes it a reset.
      if (reset || !end.inbox.empty()) peer.reset = true;
      end.finSent = true;
    }
    end.inbox = std::string();
  }
  loop_.bury(socket);
}

// --- what happens

bool SimBackend::canTakeMore(const End& end) const noexcept {
  const End& peer = ends_[static_cast<std::size_t>(end.peer)];
  return end.socket->state().blocked && (peer.gone || peer.inbox.size() < options_.capacity);
}

bool SimBackend::canHappen(const End& end) const noexcept {
  if (end.gone || end.socket == nullptr) return false;
  const Socket::State& state = end.socket->state();
  if (state.connecting)
    return std::find(swallowed_.begin(), swallowed_.end(), state.remote) == swallowed_.end();
  if (end.reset) return true;
  if (!end.started) return false;
  const End& peer = ends_[static_cast<std::size_t>(end.peer)];
  if (canTakeMore(end)) return true;
  if (state.paused || state.ended) return state.ended && state.shutDown && peer.gone;
  return !end.inbox.empty() || peer.finSent;
}

bool SimBackend::somethingToDo() const noexcept {
  return std::any_of(ends_.begin(), ends_.end(), [this](const End& end) { return canHappen(end); });
}

void SimBackend::happen(int descriptor) {
  End& end = ends_[static_cast<std::size_t>(descriptor)];
  if (!canHappen(end)) return;
  Socket& socket = *end.socket;
  Socket::State& state = socket.state();
  if (state.connecting) {
    finishConnect(descriptor);
    return;
  }
  if (end.reset || chance(options_.resets)) {
    ends_[static_cast<std::size_t>(end.peer)].reset = true;
    loop_.fail(socket, errorOf(ECONNRESET));
    return;
  }
  if (canTakeMore(end)) {
    flush(socket);
    return;
  }
  if (!end.inbox.empty() && !state.paused) {
    deliver(end);
  } else if (!state.ended) {
    state.ended = true;
    socket.handler().onEnd();
  } else {
    loop_.fail(socket, {});
  }
}

void SimBackend::deliver(End& end) {
  const std::size_t most = std::min(end.inbox.size(), options_.maxChunk);
  const std::size_t size = 1 + random_() % most;
  std::string chunk(size, '\0');
  MutableBytes room = end.socket->room(std::as_writable_bytes(std::span(chunk)));
  room = room.first(std::min(room.size(), size));
  std::copy_n(asBytes(end.inbox).begin(), room.size(), room.begin());
  end.inbox.erase(0, room.size());
  ++receives_;
  loop_.received(*end.socket, room);
}

void SimBackend::dispatch() {
  for (const auto& [descriptor, events] : std::exchange(readyWatches_, {})) {
    const auto watched = watched_.find(descriptor);
    if (watched == watched_.end()) continue;
    watched->second.handler->onReady((events & POLLIN) != 0, (events & POLLOUT) != 0);
  }
  std::vector<int> able;
  for (std::size_t i = 0; i < ends_.size(); ++i) {
    if (canHappen(ends_[i])) able.push_back(static_cast<int>(i));
  }
  std::shuffle(able.begin(), able.end(), random_);
  for (const int descriptor : able) {
    if (!chance(options_.delays)) happen(descriptor);
  }
}

void SimBackend::wait(std::optional<TimePoint> deadline) {
  const bool busy = somethingToDo();
  const bool forever = !busy && !deadline;
  pollWatched(forever ? -1 : 0);
  if (!busy && readyWatches_.empty() && deadline) now_ = std::max(now_, *deadline);
}

// --- watching

void SimBackend::watch(int descriptor, bool readable, bool writable, WatchHandler& handler) {
  if (readable || writable) {
    watched_.insert_or_assign(descriptor, Watch{readable, writable, &handler});
  } else {
    watched_.erase(descriptor);
  }
}

void SimBackend::pollWatched(int timeout) {
  std::vector<pollfd> descriptors;
  for (const auto& [descriptor, watch] : watched_) {
    const auto events = (watch.readable ? POLLIN : 0) | (watch.writable ? POLLOUT : 0);
    descriptors.push_back({descriptor, static_cast<short>(events), 0});
  }
  ::poll(descriptors.data(), descriptors.size(), timeout);
  for (const pollfd& polled : descriptors) {
    if (polled.revents != 0) readyWatches_.emplace_back(polled.fd, polled.revents);
  }
}

}  // namespace duplex::net
