#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <duplex/address.h>
#include <duplex/function.h>
#include <duplex/loop.h>

#include "base/clock.h"
#include "base/slab_pool.h"
#include "net/alarm.h"
#include "net/backend.h"
#include "net/mailbox.h"
#include "net/socket.h"
#include "net/timer_wheel.h"

namespace duplex::net {

/// One thread's event loop. In a turn it waits for the back end, which tells the handlers what
/// happened; runs what other threads left, the timers that are due and what was deferred; and then
/// sends what was queued, one system call a socket.
class Loop {
 public:
  using BackendMaker = Function<std::unique_ptr<Backend>(Loop&)>;

  /// Becomes the calling thread's loop, which has none yet.
  explicit Loop(std::string_view backend = "auto");
  explicit Loop(const BackendMaker& make);
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  /// Closes what is still open, without telling its handlers.
  ~Loop();

  /// The calling thread's; made with `backend` if there is none.
  static Loop& current(std::string_view backend = "auto");
  /// The calling thread's; null if there is none.
  static Loop* currentOrNull() noexcept { return threadLoop; }

  /// Turns until `stop` (before it is called, too), or until nothing keeps the loop alive: no socket, no
  /// listener, no `hold`. Throws std::logic_error if called from within a turn.
  void run();
  /// One turn, which waits no longer than until `deadline`: `now()` not at all, none for ever. Throws
  /// std::logic_error if called from within a turn.
  void turn(std::optional<TimePoint> deadline = std::nullopt);
  /// Makes `run` return at the end of its turn.
  void stop() noexcept { stopping_ = true; }
  /// Keeps `run` from returning, once for each `hold`.
  void hold() noexcept { ++holds_; }
  void unhold() noexcept { --holds_; }

  /// The time at the start of the turn.
  TimePoint now() const noexcept { return now_; }
  void schedule(Timer& timer, TimePoint when) noexcept { timers_.schedule(timer, when); }
  /// From `now()` in a turn; between turns, whose last may be long ago, from the time that it is.
  void schedule(Timer& timer, Milliseconds after) noexcept {
    timers_.schedule(timer, timeAfter(turning_ ? now_ : backend_->now(), after));
  }
  /// Timers made of a callback, which keep the loop alive.
  TimerId setTimer(Function<void()> callback, Milliseconds delay, bool repeat);
  void clearTimer(TimerId timer) noexcept;

  /// Runs `task` after the events of this turn, or in the next turn if those have been. In order.
  void defer(Function<void()> task) { deferred_.push_back(std::move(task)); }
  Mailbox& mailbox() noexcept { return mailbox_; }

  /// Throws std::system_error. Until `stopListening` every connection goes to `handler`.
  Listening listen(const Address& address, AcceptHandler& handler);
  void stopListening(const Listening& listening) noexcept;
  /// Makes a socket of what some loop of this kind has accepted. Throws std::system_error and
  /// std::bad_alloc; the connection is closed then.
  Socket& adopt(const Accepted& accepted, SocketHandler& handler);
  /// Closes it instead.
  void discard(const Accepted& accepted) noexcept { backend_->discard(accepted); }
  /// Starts to connect; `onConnected` or `onFailed` follows.
  Socket& connect(const Address& address, SocketHandler& handler);
  void watch(int descriptor, bool readable, bool writable, WatchHandler& handler) {
    backend_->watch(descriptor, readable, writable, handler);
  }
  std::string_view backendName() const noexcept { return backend_->name(); }
  /// Where the sockets lie, also those that are closed and that the back end still refers to.
  const SlabMemory& socketMemory() const noexcept { return socketMemory_; }

  /// This loop's T, made as T(loop) by the first call and destroyed with the loop, while its sockets
  /// can still be closed; last made, first destroyed. One that uses another in its destructor asks
  /// for it in its constructor.
  template <class T>
  T& local() {
    for (const auto& [tag, object] : locals_) {
      if (tag == &localTag<T>) return static_cast<T&>(*object);
    }
    auto made = std::make_unique<T>(*this);
    T& object = *made;
    locals_.emplace_back(&localTag<T>, std::move(made));
    return object;
  }
  struct Local {
    virtual ~Local() = default;
  };

  // --- for the back end

  /// It is connected: tells its handler, and sends what has been queued for this.
  void connected(Socket& socket);
  /// `bytes` arrived: tells its handler, and sends what it answers while all of it is at hand.
  void received(Socket& socket, MutableBytes bytes);
  /// Some or all of the queue has gone to the kernel.
  void sent(Socket& socket);
  /// The connection is broken: closes the socket and tells its handler.
  void fail(Socket& socket, std::error_code error);
  /// The socket is closed and the back end has no more use for it.
  void bury(Socket& socket) {
    --closing_;
    graveyard_.push_back(&socket);
  }

 private:
  friend class Socket;
  class UserTimer;
  class MailWatcher;

  template <class T>
  static inline constexpr char localTag = 0;

  void refuseNested() const;
  bool hasWork() const noexcept;
  void collectMail();
  void runDeferred();
  void flush();
  void emptyGraveyard() noexcept;
  void trim();
  void markDirty(Socket& socket) noexcept;
  OutputQueue* takeOutput();
  void giveBackOutput(Socket& socket) noexcept;

  Mailbox::Lease lease_;
  Mailbox& mailbox_;
  TimePoint now_;
  std::unique_ptr<Backend> backend_;
  std::unique_ptr<MailWatcher> mailWatcher_;
  TimerWheel timers_;

  std::vector<Mailbox::Task> mail_;
  std::vector<Function<void()>> deferred_;
  Socket* dirty_ = nullptr;
  Socket* lastDirty_ = nullptr;
  SlabPool<Socket> socketMemory_;
  std::vector<Socket*> graveyard_;
  // The socket whose data is being handled, and whether that has written to it.
  Socket* answering_ = nullptr;
  bool answered_ = false;
  std::vector<std::unique_ptr<OutputQueue>> freeOutputs_;
  std::size_t freeOutputSize_ = 0;
  Alarm<Loop> trim_{*this, &Loop::trim};

  // Shared, so that a callback may clear the timer it runs for.
  std::unordered_map<std::uint64_t, std::shared_ptr<UserTimer>> userTimers_;
  std::vector<std::pair<const void*, std::unique_ptr<Local>>> locals_;
  std::size_t holds_ = 0;
  std::size_t sockets_ = 0;
  // Closed, but the back end still refers to them.
  std::size_t closing_ = 0;
  bool stopping_ = false;
  bool turning_ = false;
};

}  // namespace duplex::net
