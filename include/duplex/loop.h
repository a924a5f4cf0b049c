#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>
#include <system_error>

#include <duplex/export.h>
#include <duplex/function.h>
#include <duplex/task.h>

namespace duplex {

namespace net {
class Mailbox;
}
namespace detail {
class SleepWait;
}

/// A weak handle to one thread's event loop. Each thread has at most one loop; it is made by the
/// first use and ends with the thread.
class DUPLEX_API Loop {
 public:
  /// The calling thread's loop.
  static Loop current();

  /// Runs `task` on the loop's thread, in the order of posting; a task posted from within a task
  /// runs in the next turn. From any thread. Returns false, and drops the task, if the loop is gone.
  /// Throws std::invalid_argument for an empty one.
  bool post(Function<void()> task) const;
  /// `co_await loop.sleep(100ms)`: goes on when `delay` has passed, on the calling thread's loop, and not
  /// before its next turn. Until then it keeps the loop alive, as a timer does.
  static detail::SleepWait sleep(std::chrono::milliseconds delay) noexcept;
  /// "uring" or "epoll": what the calling thread's loop talks to the network through.
  static std::string_view backend();
  /// Why "uring" cannot be used here: what the kernel, or a container's rules, answered. No error if it
  /// can. From any thread.
  static std::error_code whyNoUring() noexcept;

  /// Makes `run` return at the end of its turn. From any thread.
  void stop() const;

 private:
  Loop(net::Mailbox* mailbox, std::uint64_t lease) noexcept : mailbox_(mailbox), lease_(lease) {}
  net::Mailbox* mailbox_;
  std::uint64_t lease_;
};

/// Runs the calling thread's loop until nothing keeps it alive: no listening app, no open client
/// socket, no timer. Returns 0. What a timer or a posted task throws comes out here; the loop can be
/// run again after that. Throws std::logic_error if called from a handler, which the loop is running.
DUPLEX_API int run();

enum class TimerId : std::uint64_t {};

/// Runs `callback` once on the calling thread's loop, not before `delay` has passed. Throws
/// std::invalid_argument for an empty one, as setInterval does.
DUPLEX_API TimerId setTimeout(Function<void()> callback, std::chrono::milliseconds delay);
/// Runs `callback` every `period` (at least 1 ms) on the calling thread's loop, until cleared.
DUPLEX_API TimerId setInterval(Function<void()> callback, std::chrono::milliseconds period);
/// Ends a timer of the calling thread's loop. One that has ended, or belongs to another thread, is
/// ignored.
DUPLEX_API void clearTimeout(TimerId timer);
DUPLEX_API void clearInterval(TimerId timer);

/// Runs `callback` on the calling thread's loop whenever the process gets `signal` (SIGINT, SIGTERM,
/// SIGHUP …) in place of the signal's own effect; an empty callback restores that. One callback a
/// signal, for the whole process. Does not keep the loop alive.
DUPLEX_API void onSignal(int signal, Function<void()> callback);

namespace detail {

class DUPLEX_API SleepWait final : public Wait {
 public:
  explicit SleepWait(std::chrono::milliseconds delay) noexcept : delay_(delay) {}
  ~SleepWait() {
    if (timer_ != TimerId{}) clearTimeout(timer_);
  }

  template <class P>
  void await_suspend(std::coroutine_handle<P> coroutine) {
    hold(coroutine);
    wait();
  }
  void await_resume() const noexcept {}

 private:
  void wait();

  std::chrono::milliseconds delay_;
  TimerId timer_{};
};

}  // namespace detail

inline detail::SleepWait Loop::sleep(std::chrono::milliseconds delay) noexcept {
  return detail::SleepWait(delay);
}

}  // namespace duplex
