#pragma once

#include <cstdint>
#include <type_traits>
#include <utility>

#include <duplex/error.h>
#include <duplex/export.h>
#include <duplex/function.h>
#include <duplex/request.h>
#include <duplex/response.h>

namespace duplex {

class Router;

namespace http {
struct Exchange;
class Routes;
}  // namespace http

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

 private:
  http::Exchange* exchange_ = nullptr;
  std::uint32_t step_ = 0;
};

/// What a route runs: any callable of `(req, res)`, `(req, res, next)`, or, to be called only for
/// errors, `(error, req, res, next)`; or a Router, which is mounted.
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
      onRequest = [f = D(std::forward<F>(f))](Request& req, Response& res, Next&) mutable { f(req, res); };
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
