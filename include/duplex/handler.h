#pragma once

#include <cstdint>
#include <type_traits>
#include <utility>

#include <duplex/error.h>
#include <duplex/export.h>
#include <duplex/function.h>
#include <duplex/request.h>
#include <duplex/response.h>
#include <duplex/task.h>

namespace duplex {

class Router;

namespace http {
struct Exchange;
class Routes;
}  // namespace http
namespace detail {
class NextWait;
}

/// Hands the request on: `next()` to the next handler that fits, `next(error)` to the next error
/// handler. A small value, to be kept and called later as `Response` is; a second call does nothing.
/// The next handler runs when the one that calls this has returned.
class DUPLEX_API Next {
 public:
  explicit Next(http::Exchange* exchange) noexcept;
  Next(const Next& other) noexcept;
  Next(Next&& other) noexcept : exchange_(std::exchange(other.exchange_, nullptr)), step_(other.step_) {}
  Next& operator=(Next other) noexcept {
    std::swap(exchange_, other.exchange_);
    std::swap(step_, other.step_);
    return *this;
  }
  ~Next();

  void operator()() const;
  void operator()(Error error) const;
  /// `co_await next;` in a coroutine hands the request on, and goes on itself when it has been answered, or
  /// has become a WebSocket, or the client has left.
  detail::NextWait operator co_await() const noexcept;

 private:
  friend class detail::NextWait;
  http::Exchange* exchange_ = nullptr;
  std::uint32_t step_ = 0;
};

namespace detail {

class DUPLEX_API NextWait final : public Wait {
 public:
  explicit NextWait(const Next& next) noexcept : next_(next) {}
  ~NextWait();

  template <class P>
  bool await_suspend(std::coroutine_handle<P> coroutine) {
    hold(coroutine);
    return wait();
  }
  void await_resume() const noexcept {}

 private:
  bool wait();

  const Next& next_;
  // Whose handles do not count as those that can still answer, while the task waits for the answer.
  http::Exchange* lent_ = nullptr;
};

/// What a coroutine that a request is handed to works with, for as long as it lives.
struct Handling {
  TaskRoot* root;
  const Error& error;
  Request& req;
  Response& res;
  Next& next;
};
/// With no error if `error` is null.
DUPLEX_API Handling handlingTask(const Error* error, const Request& req, const Response& res,
                                 const Next& next);

template <>
struct StartCoroutine<void(Request&, Response&, Next&)> {
  template <class F>
  static void start(F& handler, const Request& req, const Response& res, const Next& next) {
    const Handling kept = handlingTask(nullptr, req, res, next);
    TaskRoot::run(kept.root, [&] { return handler(kept.req, kept.res, kept.next); });
  }
};

template <>
struct StartCoroutine<void(const Error&, Request&, Response&, Next&)> {
  template <class F>
  static void start(F& handler, const Error& error, const Request& req, const Response& res,
                    const Next& next) {
    const Handling kept = handlingTask(&error, req, res, next);
    TaskRoot::run(kept.root, [&] { return handler(kept.error, kept.req, kept.res, kept.next); });
  }
};

}  // namespace detail

inline detail::NextWait Next::operator co_await() const noexcept {
  return detail::NextWait(*this);
}

/// What a route runs: any callable of `(req, res)`, `(req, res, next)`, or, to be called only for
/// errors, `(error, req, res, next)`; or a Router, which is mounted.
///
/// Each may be a coroutine that returns Task<>: what it is given lives until it ends, and the request waits
/// for its answer until then. What it throws goes to the error handlers, now or later. When the client
/// leaves it runs on: `res.ended()` tells.
class DUPLEX_API Handler {
 public:
  // clang-format off
  template <class F>
    requires(!std::is_base_of_v<Handler, std::decay_t<F>> && !std::is_base_of_v<Router, std::decay_t<F>>)
  Handler(F&& f) {
    // clang-format on
    using D = std::decay_t<F>;
    if constexpr (std::is_invocable_v<D&, const Error&, Request&, Response&, Next&>) {
      onError = std::forward<F>(f);
    } else if constexpr (std::is_invocable_v<D&, Request&, Response&, Next&>) {
      onRequest = std::forward<F>(f);
    } else {
      static_assert(std::is_invocable_v<D&, Request&, Response&>,
                    "a handler takes (req, res), (req, res, next) or (error, req, res, next)");
      // A null pointer makes an empty handler here too, which routes refuse.
      if constexpr (!std::is_function_v<std::remove_reference_t<F>> && requires { f == nullptr; }) {
        if (f == nullptr) return;
      }
      onRequest = [f = D(std::forward<F>(f))](Request& req, Response& res, Next&) mutable {
        return f(req, res);
      };
    }
  }
  Handler(const Router& router);
  Handler(Handler&& other) noexcept
      : onRequest(std::move(other.onRequest)),
        onError(std::move(other.onError)),
        routes(std::exchange(other.routes, nullptr)) {}
  Handler& operator=(Handler&&) = delete;
  ~Handler();

  Function<void(Request&, Response&, Next&)> onRequest;
  Function<void(const Error&, Request&, Response&, Next&)> onError;
  /// Mounted routes; shared with the Router.
  http::Routes* routes = nullptr;
};

}  // namespace duplex
