#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

namespace duplex {

template <class Signature>
class Function;
template <class T = void>
class Task;

namespace detail {

template <class T>
inline constexpr bool isTask = false;
template <class T>
inline constexpr bool isTask<Task<T>> = true;

/// How a callable that is a coroutine is started. Specialised, with `start(callable, args…)`, for the
/// handlers whose arguments can be kept as long as the coroutine lives.
template <class Signature>
struct StartCoroutine {
  template <class F, class... Args>
  static void start(F&, Args&&...) {
    static_assert(!sizeof(F*),
                  "this handler cannot be a coroutine: what it is given, and itself, would be gone at "
                  "the first co_await. Let it call duplex::spawn");
  }
};

template <class R, class F, class First, class...>
struct TakesFirst : std::bool_constant<std::is_invocable_r_v<R, F, First>> {};

template <class R, class F, class... Args>
constexpr bool takesFirst() {
  if constexpr (sizeof...(Args) == 0) {
    return false;
  } else {
    return TakesFirst<R, F, Args...>::value;
  }
}

template <class R, class F, class... Args>
inline constexpr bool fits = std::is_invocable_r_v<R, F, Args...> ||
                             takesFirst<R, F, Args...>() || std::is_invocable_r_v<R, F>;

/// Whatever it is called with.
template <class F>
inline constexpr bool isCalled = std::is_function_v<std::remove_pointer_t<F>> || requires {
  &F::operator();
};

template <class First, class... Rest>
First&& first(First&& value, Rest&&...) {
  return static_cast<First&&>(value);
}

}  // namespace detail

/// A move-only callable, as `std::move_only_function` of C++23 (which g++ 12 does not have), in a
/// header that costs nothing to include.
///
/// As in JavaScript, a callable may want fewer arguments than are passed: only the first, or none
/// (`ws.onclose([] { … })`).
///
/// Calling an empty Function is undefined; test it first. Not safe to call while another thread
/// assigns it.
template <class R, class... Args>
class Function<R(Args...)> {
 public:
  Function() noexcept = default;
  Function(std::nullptr_t) noexcept {}

  // clang-format off
  template <class F, class D = std::decay_t<F>>
    requires(!std::is_same_v<D, Function> && detail::fits<R, D&, Args...>)
  Function(F&& callable) {
    // clang-format on
    if constexpr (!std::is_function_v<std::remove_reference_t<F>> && requires { callable == nullptr; }) {
      if (callable == nullptr) return;
    }
    target_ = new Holder<D>(std::forward<F>(callable));
  }

  /// Says of a callable that does not fit what it should be, where the compiler would list conversions.
  // clang-format off
  template <class F, class D = std::decay_t<F>>
    requires(!std::is_same_v<D, Function> && !detail::fits<R, D&, Args...> && detail::isCalled<D>)
  Function(F&&) {
    // clang-format on
    static_assert(!sizeof(D*),
                  "this handler does not fit: its parameters have to be all of Args, the first of them, or "
                  "none (a WebSocket by value, a Request by const reference), and its result an R");
  }

  Function(Function&& other) noexcept : target_(std::exchange(other.target_, nullptr)) {}
  Function& operator=(Function&& other) noexcept {
    if (this != &other) {
      Target* old = std::exchange(target_, std::exchange(other.target_, nullptr));
      if (old != nullptr) old->destroy(old);
    }
    return *this;
  }
  Function(const Function&) = delete;
  Function& operator=(const Function&) = delete;
  ~Function() {
    if (target_ != nullptr) target_->destroy(target_);
  }

  explicit operator bool() const noexcept { return target_ != nullptr; }

  R operator()(Args... args) const { return target_->call(target_, std::forward<Args>(args)...); }

 private:
  struct Target {
    R (*call)(Target*, Args&&...);
    void (*destroy)(Target*);
  };

  template <class D>
  struct Holder : Target {
    template <class F>
    explicit Holder(F&& f) : Target{&invoke, &drop}, callable(std::forward<F>(f)) {}

    static R invoke(Target* self, Args&&... args) {
      D& callable = static_cast<Holder*>(self)->callable;
      if constexpr (std::is_void_v<R> && detail::isTask<decltype(apply(callable, std::declval<Args>()...))>) {
        detail::StartCoroutine<R(Args...)>::start(callable, std::forward<Args>(args)...);
      } else {
        return static_cast<R>(apply(callable, std::forward<Args>(args)...));
      }
    }
    /// With as many of the arguments as it takes.
    static decltype(auto) apply(D& callable, Args&&... args) {
      if constexpr (std::is_invocable_r_v<R, D&, Args...>) {
        return callable(std::forward<Args>(args)...);
      } else if constexpr (detail::takesFirst<R, D&, Args...>()) {
        return callable(detail::first(std::forward<Args>(args)...));
      } else {
        return callable();
      }
    }
    static void drop(Target* self) { delete static_cast<Holder*>(self); }

    D callable;
  };

  Target* target_ = nullptr;
};

}  // namespace duplex
