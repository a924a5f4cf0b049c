#pragma once

#include <string>
#include <utility>

#include <duplex/websocket.h>

#include "http/routes.h"

namespace duplex {

/// A WebSocket route as the routes of HTTP keep it.
struct WebSocketUpgrade final : http::UpgradeRoute {
  WebSocketUpgrade(std::string_view routePath, WebSocketRoute handlers)
      : path(routePath), route(std::move(handlers)) {}

  /// The pattern it was added with.
  const std::string path;
  const WebSocketRoute route;
};

}  // namespace duplex
