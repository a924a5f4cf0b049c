#pragma once

#include <coroutine>
#include <cstddef>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

#include <duplex/export.h>
#include <duplex/frame_memory.h>
#include <duplex/function.h>

namespace duplex {

namespace net {
class Tasks;
}

namespace detail {

class TaskRoot;

/// A place in a ring. It leaves the ring when it is destroyed; alone it is a ring of one.
class Link {
 public:
  Link() noexcept = default;
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;
  ~Link() { leave(); }

  bool alone() const noexcept { return next_ == this; }
  Link& next() const noexcept { return *next_; }
  void leave() noexcept {
    previous_->next_ = next_;
    next_->previous_ = previous_;
    next_ = previous_ = this;
  }
  /// From where it is to the place before `other`: to the end of the ring that begins behind that.
  void moveBefore(Link& other) noexcept {
    leave();
    next_ = &other;
    previous_ = other.previous_;
    previous_->next_ = other.previous_ = this;
  }

 private:
  Link* next_ = this;
  Link* previous_ = this;
};

/// What is the same for every Task's promise.
struct PromiseBase {
  static void* operator new(std::size_t size) { return takeFrame(size); }
  static void operator delete(void* frame, std::size_t size) noexcept { giveFrame(frame, size); }

  struct Final {
    bool await_ready() const noexcept { return false; }
    template <class P>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<P> ended) const noexcept {
      return ended.promise().after();
    }
    void await_resume() const noexcept {}
  };
  std::suspend_always initial_suspend() const noexcept { return {}; }
  Final final_suspend() const noexcept { return {}; }
  void unhandled_exception() noexcept { exception = std::current_exception(); }
  /// What runs when the coroutine has ended. If that was before its first wait, who awaits it has not been
  /// suspended yet and goes on by itself; then, and of a root, nothing.
  std::coroutine_handle<> after() noexcept;

  /// Who awaits it; null if nobody does, but `root` is told.
  std::coroutine_handle<> awaiting;
  /// What all of it belongs to; null below a coroutine that is not duplex's.
  TaskRoot* root = nullptr;
  std::exception_ptr exception;
  bool suspended = false;
};

template <class T>
struct Promise : PromiseBase {
  Task<T> get_return_object() noexcept;
  template <class U = T>
  void return_value(U&& result) {
    value.emplace(std::forward<U>(result));
  }
  T result() {
    if (exception) std::rethrow_exception(exception);
    return std::move(*value);
  }

  std::optional<T> value;
};

template <>
struct Promise<void> : PromiseBase {
  Task<void> get_return_object() noexcept;
  void return_void() const noexcept {}
  void result() const {
    if (exception) std::rethrow_exception(exception);
  }
};

}  // namespace detail

/// A coroutine that has been called and not been started: `co_await` runs it and gives what it returns, or
/// throws what it throws. `spawn`, and duplex's handlers, start one that nobody awaits.
///
/// It belongs to its loop: a task runs on the thread that started it, so handlers of one connection never run
/// at the same time, coroutines or not. What resumes it from elsewhere has to post to the loop.
///
/// Owns the coroutine: destroying the task destroys it where it stands, with all that it has on its stack.
template <class T>
class [[nodiscard]] Task {
  static_assert(!std::is_reference_v<T>, "a task returns a value; let it be a pointer");

 public:
  using promise_type = detail::Promise<T>;

  Task() noexcept = default;
  Task(Task&& other) noexcept : coroutine_(std::exchange(other.coroutine_, {})) {}
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      const Task old(std::exchange(coroutine_, std::exchange(other.coroutine_, {})));
    }
    return *this;
  }
  ~Task() {
    if (coroutine_) coroutine_.destroy();
  }

  explicit operator bool() const noexcept { return static_cast<bool>(coroutine_); }

  /// Once; of a task that is not empty.
  auto operator co_await() && noexcept { return Awaiter{coroutine_}; }

 private:
  friend promise_type;
  friend class detail::TaskRoot;

  struct Awaiter {
    bool await_ready() const noexcept { return false; }
    // It is called, and not transferred to, so that a loop around tasks that end without waiting needs no
    // more stack with each where the compiler makes no tail calls, as g++ does without -O2.
    template <class P>
    bool await_suspend(std::coroutine_handle<P> awaiting) {
      promise_type& promise = coroutine.promise();
      promise.awaiting = awaiting;
      if constexpr (std::is_base_of_v<detail::PromiseBase, P>) promise.root = awaiting.promise().root;
      coroutine.resume();
      if (coroutine.done()) return false;
      promise.suspended = true;
      return true;
    }
    T await_resume() { return coroutine.promise().result(); }

    std::coroutine_handle<promise_type> coroutine;
  };

  explicit Task(std::coroutine_handle<promise_type> coroutine) noexcept : coroutine_(coroutine) {}

  std::coroutine_handle<promise_type> coroutine_;
};

namespace detail {

template <class T>
Task<T> Promise<T>::get_return_object() noexcept {
  return Task<T>(std::coroutine_handle<Promise>::from_promise(*this));
}
inline Task<void> Promise<void>::get_return_object() noexcept {
  return Task<void>(std::coroutine_handle<Promise>::from_promise(*this));
}

/// One wait of a coroutine for something of duplex's: what co_await is given is derived from it. It lies in
/// the ring of those who wait for the same; if the coroutine is destroyed where it stands, it just leaves.
class DUPLEX_API Wait : public Link {
 public:
  /// Goes on with the coroutine, on its loop's thread. The wait may be gone when this returns.
  void resume() {
    leave();
    coroutine_.resume();
  }
  /// The same, from a task of the loop: not inside what is being called.
  void resumeSoon();
  /// The task that waits; null if it is not duplex's.
  TaskRoot* root() const noexcept { return root_; }

  bool await_ready() const noexcept { return false; }

 protected:
  Wait() noexcept = default;
  ~Wait() = default;
  template <class P>
  void hold(std::coroutine_handle<P> coroutine) noexcept {
    coroutine_ = coroutine;
    if constexpr (std::is_base_of_v<PromiseBase, P>) root_ = coroutine.promise().root;
  }

 private:
  std::coroutine_handle<> coroutine_;
  TaskRoot* root_ = nullptr;
};

/// Told when a task ends, one way or the other.
class TaskEnd : public Link {
 public:
  virtual void onTaskEnd() noexcept = 0;

 protected:
  ~TaskEnd() = default;
};

/// A task that nobody awaits: a handler's, or a spawned one. It owns itself, and lies in the ring of all
/// tasks of its loop, which destroys what is left when it ends.
class DUPLEX_API TaskRoot : public Link {
 public:
  static void* operator new(std::size_t size) { return takeFrame(size); }
  static void operator delete(void* memory, std::size_t size) noexcept { giveFrame(memory, size); }

  /// `owner`: see Tasks::endOf.
  explicit TaskRoot(const void* owner = nullptr) noexcept : owner_(owner) {}

  /// Runs the task that `make` returns, to its first wait. It may be gone when this returns.
  template <class Make>
  static void run(TaskRoot* root, Make&& make) {
    struct Unstarted {
      TaskRoot* root;
      ~Unstarted() { delete root; }
    } unstarted{root};
    Task<void> task = make();
    std::exchange(unstarted.root, nullptr)->start(std::move(task));
  }
  /// Destroys the coroutine, and this.
  void end() noexcept;
  const void* owner() const noexcept { return owner_; }
  /// `listener` is told when the task ends, and no other's end any more.
  void listen(TaskEnd& listener) noexcept { listener.moveBefore(ends_); }

 protected:
  virtual ~TaskRoot();
  /// It has run to its end; `exception` is what it threw. Destroyed after this.
  virtual void onEnd(std::exception_ptr exception) noexcept = 0;

 private:
  friend struct PromiseBase;

  void start(Task<void> task) noexcept;
  void ended(std::exception_ptr exception) noexcept;

  Task<void> task_;
  const void* owner_;
  Link ends_;
};

inline std::coroutine_handle<> PromiseBase::after() noexcept {
  if (awaiting) return suspended ? awaiting : std::noop_coroutine();
  if (root != nullptr) root->ended(std::move(exception));
  return std::noop_coroutine();
}

/// What it throws comes out of the loop's `run`.
class DUPLEX_API SpawnedTask : public TaskRoot {
 protected:
  void onEnd(std::exception_ptr exception) noexcept override;
};

template <class F>
class SpawnedCall final : public SpawnedTask {
 public:
  explicit SpawnedCall(F&& f) : call(std::move(f)) {}
  F call;
};

}  // namespace detail

/// Starts `task` on the calling thread's loop; it runs to its first wait before this returns. What it throws
/// comes out of `duplex::run`, as from a timer. A task keeps the loop alive by what it waits for and by
/// nothing else; one that still waits when the loop ends is destroyed.
DUPLEX_API void spawn(Task<> task);
/// The same with what `f` returns; `f` lives as long as the task, so that a lambda may capture.
template <class F>
requires std::is_invocable_r_v<Task<>, F&> void spawn(F f) {
  auto* root = new detail::SpawnedCall<F>(std::move(f));
  detail::TaskRoot::run(root, [root] { return root->call(); });
}

}  // namespace duplex
