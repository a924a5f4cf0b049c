#pragma once

#include <memory>
#include <string_view>

#include <duplex/websocket.h>

#include "websocket/client_handshake.h"
#include "websocket/url.h"

namespace duplex::websocket {

/// What the connection of a client has and that of a server has not.
class Client {
 public:
  Client(const Url& to, ClientOptions with);

  /// Where it goes.
  const Url& url() const noexcept { return url_; }
  const ClientOptions& options() const noexcept { return options_; }

  /// Starts to connect. Throws TlsError.
  void dial(net::Loop& loop, Dialer::Callback connected);
  /// Goes where `location` leads, from now on. Throws SyntaxError if that may not be.
  void redirect(std::string_view location);

  /// Until it is open.
  std::unique_ptr<ClientHandshake> handshake;

 private:
  Url url_;
  const ClientOptions options_;
  unsigned redirects_ = 0;
  // It has been sent to another origin, which is to learn nothing that was meant for the first.
  bool away_ = false;
};

}  // namespace duplex::websocket
