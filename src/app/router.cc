#include <duplex/router.h>

#include <memory>
#include <stdexcept>
#include <utility>

#include "app/websocket_route.h"
#include "http/routes.h"
#include "websocket/compression.h"

namespace duplex {

namespace {

using http::Routes;

void addHandler(Routes& routes, Routes::Kind kind, std::string_view method, std::string_view path,
                Handler& handler) {
  if (handler.routes != nullptr) {
    if (kind != Routes::Kind::Use) throw std::invalid_argument("a router is mounted with use");
    routes.mount(path, Ref<Routes>(handler.routes));
  } else if (handler.onError) {
    routes.addErrorHandler(kind, method, path, std::move(handler.onError));
  } else if (handler.onRequest) {
    routes.add(kind, method, path, std::move(handler.onRequest));
  } else {
    throw std::invalid_argument("an empty handler");
  }
}

}  // namespace

Router::Router() : routes_(new Routes) {}
Router::Router(const Router& other) noexcept : routes_(other.routes_) {
  routes_->retain();
}
Router::~Router() {
  routes_->release();
}

Handler::Handler(const Router& router) : routes(router.routes_) {
  routes->retain();
}

void Router::addLayers(Kind kind, std::string_view method, std::string_view path,
                       std::span<Handler> handlers) {
  const Routes::Kind layer = kind == Kind::Use   ? Routes::Kind::Use
                             : kind == Kind::All ? Routes::Kind::All
                                                 : Routes::Kind::Method;
  for (Handler& handler : handlers) addHandler(*routes_, layer, method, path, handler);
}

Router& Router::ws(std::string_view path, Function<void(WebSocket, const Request&)> open) {
  return ws(path, WebSocketRoute{.open = std::move(open)});
}
Router& Router::ws(std::string_view path, WebSocketRoute route) {
  websocket::checkCompression(route.compression);
  routes_->addUpgrade(path, std::make_unique<WebSocketUpgrade>(path, std::move(route)));
  return *this;
}
Router& Router::ws(std::string_view path, Handler before, Function<void(WebSocket, const Request&)> open) {
  return ws(path, std::move(before), WebSocketRoute{.open = std::move(open)});
}
Router& Router::ws(std::string_view path, Handler before, WebSocketRoute route) {
  addHandler(*routes_, Routes::Kind::Upgrade, {}, path, before);
  return ws(path, std::move(route));
}

Router::Route Router::route(std::string_view path) {
  return Route(*this, path);
}

}  // namespace duplex
