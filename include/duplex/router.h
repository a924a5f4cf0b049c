#pragma once

#include <string_view>
#include <type_traits>
#include <utility>

#include <duplex/export.h>
#include <duplex/function.h>
#include <duplex/handler.h>
#include <duplex/websocket.h>

namespace duplex {

namespace http {
class Routes;
}

/// An ordered list of routes and middleware, as in Express: what was added first is tried first.
///
/// Patterns: "/users/:id" (a segment), "/files/*" (the rest, as `params("*")`), "/a/:b?" (optional);
/// letter case counts not, and neither does one slash at the end. `use` and mounted routers match
/// whole leading segments.
///
/// A WebSocket request runs the same chain. `use` and `all` fit it; `get`, `post` … do not; of the
/// `ws` routes the first that fits ends it with 101.
///
/// A copy refers to the same routes. Routes are added before `listen`; with several threads handlers
/// run on all of them at the same time.
class DUPLEX_API Router {
 public:
  Router();
  Router(const Router& other) noexcept;
  Router& operator=(const Router&) = delete;
  ~Router();

  /// `use(handlers…)`, `use(path, handlers…)`.
  template <class First, class... Rest>
  Router& use(First&& first, Rest&&... rest) {
    if constexpr (std::is_convertible_v<First&&, std::string_view>) {
      return add(Kind::Use, {}, first, std::forward<Rest>(rest)...);
    } else {
      return add(Kind::Use, {}, "/", std::forward<First>(first), std::forward<Rest>(rest)...);
    }
  }
  template <class... H>
  Router& get(std::string_view path, H&&... handlers) {
    return add(Kind::Method, "GET", path, std::forward<H>(handlers)...);
  }
  template <class... H>
  Router& post(std::string_view path, H&&... handlers) {
    return add(Kind::Method, "POST", path, std::forward<H>(handlers)...);
  }
  template <class... H>
  Router& put(std::string_view path, H&&... handlers) {
    return add(Kind::Method, "PUT", path, std::forward<H>(handlers)...);
  }
  template <class... H>
  Router& patch(std::string_view path, H&&... handlers) {
    return add(Kind::Method, "PATCH", path, std::forward<H>(handlers)...);
  }
  /// DELETE, which is a keyword here.
  template <class... H>
  Router& del(std::string_view path, H&&... handlers) {
    return add(Kind::Method, "DELETE", path, std::forward<H>(handlers)...);
  }
  template <class... H>
  Router& all(std::string_view path, H&&... handlers) {
    return add(Kind::All, {}, path, std::forward<H>(handlers)...);
  }
  /// Any other method, by name.
  template <class... H>
  Router& method(std::string_view name, std::string_view path, H&&... handlers) {
    return add(Kind::Method, name, path, std::forward<H>(handlers)...);
  }

  /// A WebSocket route; `open` is called as `(ws, req)` once the 101 is queued. `(ws)` will do. Throws
  /// std::invalid_argument for windows of compression that do not exist.
  Router& ws(std::string_view path, Function<void(WebSocket, const Request&)> open);
  Router& ws(std::string_view path, WebSocketRoute route);
  /// With a handler of its own that runs first, such as one that checks who it is.
  Router& ws(std::string_view path, Handler before, Function<void(WebSocket, const Request&)> open);
  Router& ws(std::string_view path, Handler before, WebSocketRoute route);

  /// Several methods of one path: `app.route("/book").get(…).post(…)`.
  class Route;
  Route route(std::string_view path);

 protected:
  friend class Handler;
  enum class Kind : unsigned char { Use, Method, All };

  template <class... H>
  Router& add(Kind kind, std::string_view method, std::string_view path, H&&... handlers) {
    static_assert(sizeof...(H) > 0, "a route needs a handler");
    Handler list[] = {Handler(std::forward<H>(handlers))...};
    addLayers(kind, method, path, list);
    return *this;
  }
  void addLayers(Kind kind, std::string_view method, std::string_view path, std::span<Handler> handlers);

  http::Routes* routes_;
};

/// See `Router::route`.
class Router::Route {
 public:
  template <class... H>
  Route& get(H&&... handlers) {
    router_.get(path_, std::forward<H>(handlers)...);
    return *this;
  }
  template <class... H>
  Route& post(H&&... handlers) {
    router_.post(path_, std::forward<H>(handlers)...);
    return *this;
  }
  template <class... H>
  Route& put(H&&... handlers) {
    router_.put(path_, std::forward<H>(handlers)...);
    return *this;
  }
  template <class... H>
  Route& patch(H&&... handlers) {
    router_.patch(path_, std::forward<H>(handlers)...);
    return *this;
  }
  template <class... H>
  Route& del(H&&... handlers) {
    router_.del(path_, std::forward<H>(handlers)...);
    return *this;
  }
  template <class... H>
  Route& all(H&&... handlers) {
    router_.all(path_, std::forward<H>(handlers)...);
    return *this;
  }
  Route& ws(WebSocketRoute route) {
    router_.ws(path_, std::move(route));
    return *this;
  }
  Route& ws(Function<void(WebSocket, const Request&)> open) {
    router_.ws(path_, std::move(open));
    return *this;
  }

 private:
  friend class Router;
  Route(const Router& router, std::string_view path) : router_(router), path_(path) {}
  Router router_;
  std::string path_;
};

}  // namespace duplex
