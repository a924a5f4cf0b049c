#pragma once

#include <string_view>

#include "websocket/url.h"

namespace duplex::websocket {

/// Whether an answer of `status` sends the client elsewhere (RFC 9110 §15.4); all of them mean GET here.
bool isRedirect(int status) noexcept;

/// Where `location` leads, as the server of `from` sent it (RFC 9110 §10.2.2). The credentials of `from`
/// stay with its origin; those that `location` may have are not used. Throws SyntaxError if it is none, or
/// leads from wss: to ws:, or to a Unix socket.
Url redirected(const Url& from, std::string_view location);

}  // namespace duplex::websocket
