// The ring, a turn, listeners and watches; uring_socket.cc has the connections.
#include "net/uring_backend.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "net/loop.h"
#include "net/posix_socket.h"
#include "net/uring_gathered.h"

namespace duplex::net {
namespace {

constexpr std::uint64_t kindMask = 7;
constexpr Milliseconds acceptRest{100};
constexpr std::size_t stagedAtOnce = 64;

}  // namespace

struct UringBackend::Listener {
  int descriptor;
  AcceptHandler* handler;
  // The kernel accepts.
  bool armed = false;
  bool stopped = false;
};

struct UringBackend::Watched {
  int descriptor;
  unsigned events;
  WatchHandler* handler;
  // The kernel watches.
  bool armed = false;
  bool stopped = false;
};

UringBackend::UringBackend(Loop& loop, const UringOptions& options)
    : loop_(loop),
      ring_(options.submissions, options.completions),
      buffers_(*ring_.get(), options.receiveMemory),
      directBuffer_(new std::byte[directBufferSize]) {
  // A send that is prepared has to be noted, and what becomes of it; so this is had before the first.
  staged_.reserve(stagedAtOnce);
  settling_.reserve(stagedAtOnce);
  shortfalls_.reserve(stagedAtOnce);
}

UringBackend::~UringBackend() {
  for (const auto& [descriptor, listener] : listeners_) ::close(descriptor);
  // What was closed last still has to be, and the loop deletes what it gets back.
  while (closing_ > 0) {
    wait(Clock::now() + Milliseconds(10));
    findShortfalls();
    for (const Staged& staged : std::exchange(staged_, {})) completed(*staged.socket, Sending);
    for (const Staged& staged : std::exchange(settling_, {})) completed(*staged.socket, Sending);
    for (Completion completion; takeCompletion(completion);) {
      const auto kind = static_cast<Kind>(completion.data & kindMask);
      auto* socket = reinterpret_cast<Socket*>(completion.data & ~kindMask);
      const bool more = (completion.flags & IORING_CQE_F_MORE) != 0;
      if (kind == Kind::Receive && !more) completed(*socket, Receiving);
      if (kind == Kind::Poll) completed(*socket, Polling);
      if (kind == Kind::Close) completed(*socket, Closing);
    }
  }
}

// --- the ring

std::uint64_t UringBackend::tag(const void* object, Kind kind) noexcept {
  return reinterpret_cast<std::uintptr_t>(object) | static_cast<std::uint64_t>(kind);
}

io_uring_sqe& UringBackend::prepare(const void* object, Kind kind) {
  io_uring_sqe* sqe = io_uring_get_sqe(ring_.get());
  while (sqe == nullptr) {
    submit();
    sqe = io_uring_get_sqe(ring_.get());
  }
  // The preparing functions leave it alone.
  sqe->user_data = tag(object, kind);
  return *sqe;
}

void UringBackend::cancel(const void* object, Kind kind) {
  io_uring_sqe& sqe = prepare(nullptr, Kind::Ignored);
  io_uring_prep_cancel64(&sqe, tag(object, kind), 0);
  sqe.flags |= IOSQE_CQE_SKIP_SUCCESS;
}

// Hands over all that is prepared, without waiting.
void UringBackend::submit() noexcept {
  while (io_uring_sq_ready(ring_.get()) > 0) {
    // Refused only while completions overflow, or for want of memory.
    if (io_uring_submit(ring_.get()) < 0) emptyCompletions();
  }
  gatheredUsed_ = 0;
}

// A full queue keeps back what completes after it: all of it is moved out of the way.
void UringBackend::emptyCompletions() noexcept {
  do {
    io_uring_get_events(ring_.get());
    io_uring_cqe* cqe = nullptr;
    while (io_uring_peek_cqe(ring_.get(), &cqe) == 0) {
      overflowed_.push_back({cqe->user_data, cqe->res, cqe->flags});
      io_uring_cqe_seen(ring_.get(), cqe);
    }
  } while (io_uring_cq_has_overflow(ring_.get()));
}

bool UringBackend::takeCompletion(Completion& completion) noexcept {
  if (!overflowed_.empty()) {
    completion = overflowed_.front();
    overflowed_.pop_front();
    return true;
  }
  io_uring_cqe* cqe = nullptr;
  unsigned head = 0;
  io_uring_for_each_cqe(ring_.get(), head, cqe) {
    completion = {cqe->user_data, cqe->res, cqe->flags};
    io_uring_cq_advance(ring_.get(), 1);
    return true;
  }
  return false;
}

// --- a turn

bool UringBackend::hasWork() const noexcept {
  return behind_ || !overflowed_.empty() || settled_ < settling_.size() || !resumed_.empty() ||
         !refused_.empty();
}

void UringBackend::wait(std::optional<TimePoint> deadline) {
  const auto left = deadline ? *deadline - Clock::now() : TimePoint::duration::max();
  if (hasWork() || left.count() <= 0) {
    io_uring_submit_and_get_events(ring_.get());
  } else if (!deadline) {
    io_uring_submit_and_wait(ring_.get(), 1);
  } else {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
    __kernel_timespec time{seconds.count(), std::chrono::nanoseconds(left - seconds).count()};
    io_uring_cqe* cqe = nullptr;
    io_uring_submit_and_wait_timeout(ring_.get(), &cqe, 1, &time, nullptr);
  }
  handOverStaged();
}

void UringBackend::dispatch() {
  // What comes in answer to what is done here is for the next turn; `settle` has not seen it.
  std::size_t count = overflowed_.size() + io_uring_cq_ready(ring_.get());
  for (const auto& [socket, error] : std::exchange(refused_, {})) {
    if (!socket->state().closed) loop_.fail(*socket, error);
  }
  settle();
  deliverHeld();
  for (Completion completion; count > 0 && takeCompletion(completion); --count) complete(completion);
  settleReceived();
  const bool allTaken = overflowed_.empty() && io_uring_cq_ready(ring_.get()) == 0;
  if (allTaken && !io_uring_cq_has_overflow(ring_.get())) buffers_.rewind();
}

void UringBackend::complete(const Completion& completion) {
  void* object = reinterpret_cast<void*>(completion.data & ~kindMask);
  switch (static_cast<Kind>(completion.data & kindMask)) {
    case Kind::Receive:
      onReceived(*static_cast<Socket*>(object), completion);
      return;
    case Kind::Poll:
      onPolled(*static_cast<Socket*>(object), completion.result);
      return;
    case Kind::Close:
      completed(*static_cast<Socket*>(object), Closing);
      return;
    case Kind::Accept:
      onAccepted(*static_cast<Listener*>(object), completion);
      return;
    case Kind::Watch:
      onWatched(*static_cast<Watched*>(object), completion.result);
      return;
    case Kind::Send:     // has been seen by `settle`
    case Kind::Ignored:  // what was to be cancelled had ended already
      return;
  }
}

// --- listening

Listening UringBackend::listen(const Address& address, AcceptHandler& handler) {
  const int descriptor = openListener(address);
  const auto [listener, added] =
      listeners_.emplace(descriptor, std::make_unique<Listener>(Listener{descriptor, &handler}));
  accept(*listener->second);
  return describeListener(descriptor);
}

void UringBackend::accept(Listener& listener) {
  io_uring_sqe& sqe = prepare(&listener, Kind::Accept);
  io_uring_prep_multishot_accept(&sqe, listener.descriptor, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  listener.armed = true;
}

void UringBackend::stopListening(int descriptor) noexcept {
  const auto found = listeners_.find(descriptor);
  if (found == listeners_.end()) return;
  const std::unique_ptr<Listener>& listener = stopped_.emplace_back(std::move(found->second));
  listeners_.erase(found);
  listener->stopped = true;
  if (listener->armed) {
    cancel(listener.get(), Kind::Accept);
  } else {
    stopped_.pop_back();
  }
  io_uring_sqe& sqe = prepare(nullptr, Kind::Ignored);
  io_uring_prep_close(&sqe, descriptor);
  sqe.flags |= IOSQE_CQE_SKIP_SUCCESS;
  submit();
  // The port is free only when the accept has ended.
  io_uring_get_events(ring_.get());
}

void UringBackend::handOver() noexcept {
  submit();
}

void UringBackend::discard(const Accepted& accepted) noexcept {
  closeSocket(accepted.descriptor, false);
}

void UringBackend::onAccepted(Listener& listener, const Completion& completion) {
  listener.armed = (completion.flags & IORING_CQE_F_MORE) != 0;
  if (listener.stopped) {
    if (completion.result >= 0) ::close(completion.result);
    if (!listener.armed) std::erase_if(stopped_, [&](const auto& other) { return other.get() == &listener; });
    return;
  }
  if (completion.result < 0) {
    acceptFailed(listener, -completion.result);
    return;
  }
  if (!listener.armed) accept(listener);
  listener.handler->onAccepted({completion.result, peerAddress(completion.result)});
}

void UringBackend::acceptFailed(Listener& listener, int error) {
  if (listener.armed) return;
  const bool noDescriptor = error == EMFILE || error == ENFILE;
  const bool aborted = error == ECONNABORTED || error == EINTR;
  const bool dropped = noDescriptor && spare_.dropConnection(listener.descriptor);
  const bool nobody = noDescriptor && !dropped && errno == EAGAIN;
  if (aborted || dropped) {
    accept(listener);
  } else {
    // The kernel has no room for another connection: asking again at once would be a busy loop.
    loop_.schedule(restOver_, acceptRest);
  }
  if (!aborted && !nobody) listener.handler->onAcceptFailed({error, std::generic_category()});
}

void UringBackend::acceptAgain() {
  for (const auto& [descriptor, listener] : listeners_) {
    if (!listener->armed) accept(*listener);
  }
}

// --- watching

void UringBackend::watch(int descriptor, bool readable, bool writable, WatchHandler& handler) {
  const unsigned events = (readable ? unsigned{POLLIN} : 0u) | (writable ? unsigned{POLLOUT} : 0u);
  const auto found = watched_.find(descriptor);
  if (events != 0 && found == watched_.end()) {
    auto watched = std::make_unique<Watched>(Watched{descriptor, events, &handler});
    // Room for it when it is stopped, which has to succeed.
    unwatched_.reserve(unwatched_.size() + watched_.size() + 1);
    poll(*watched_.emplace(descriptor, std::move(watched)).first->second);
    return;
  }
  if (found == watched_.end()) return;
  Watched& watched = *found->second;
  const bool changed = std::exchange(watched.events, events) != events;
  watched.handler = &handler;
  // When that has ended it is asked for anew.
  if (watched.armed && changed) cancel(&watched, Kind::Watch);
  if (events != 0) return;
  watched.stopped = true;
  if (watched.armed) unwatched_.push_back(std::move(found->second));
  watched_.erase(found);
}

void UringBackend::poll(Watched& watched) {
  io_uring_sqe& sqe = prepare(&watched, Kind::Watch);
  io_uring_prep_poll_add(&sqe, watched.descriptor, watched.events);
  watched.armed = true;
}

void UringBackend::onWatched(Watched& watched, int result) {
  watched.armed = false;
  if (watched.stopped) {
    std::erase_if(unwatched_, [&](const auto& other) { return other.get() == &watched; });
    return;
  }
  // Asked for again before it is told, since what it is told may make it go.
  poll(watched);
  if (result < 0) return;
  const bool broken = (result & (POLLERR | POLLHUP)) != 0;
  watched.handler->onReady(broken || (result & POLLIN) != 0, broken || (result & POLLOUT) != 0);
}

}  // namespace duplex::net
