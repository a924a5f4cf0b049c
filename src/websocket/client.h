#pragma once

#include <memory>
#include <utility>

#include <duplex/websocket.h>

#include "websocket/client_handshake.h"
#include "websocket/url.h"

namespace duplex::websocket {

/// What the connection of a client has and that of a server has not.
struct Client {
  Client(const Url& to, ClientOptions with) : url(to), options(std::move(with)) {}

  /// Where it goes.
  Url url;
  const ClientOptions options;
  /// Until it is open.
  std::unique_ptr<ClientHandshake> handshake;
};

}  // namespace duplex::websocket
