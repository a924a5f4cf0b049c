#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <duplex/address.h>

namespace duplex::websocket {

/// Where a client connects, taken from its URL.
struct Url {
  /// In normal form, as `WebSocket::url` shows it: lower-case scheme ws or wss and host, no default
  /// port, a path.
  std::string href;
  bool secure = false;
  /// Of ws+unix: the socket; then `host` is "localhost" and `port` says nothing.
  Address unixSocket;
  /// For the name look-up: without the brackets of an IPv6 address.
  std::string host;
  std::uint16_t port = 80;
  /// For the Host header: with the port unless it is the scheme's own (RFC 9110 §7.2).
  std::string authority;
  /// Path and query (RFC 6455 §3).
  std::string target;
  /// "user:password", decoded; empty if there is none.
  std::string credentials;
};

/// Reads a URL as the browser's constructor does (WHATWG WebSockets §3.1): http: and https: stand for
/// ws: and wss:, spaces and non-ASCII in path and query are percent-encoded. Beside those,
/// "ws+unix:/run/app.sock:/path?query": a request for what stands behind the colon, on a Unix socket.
/// Throws SyntaxError for another scheme, a fragment, or what is no URL.
Url parseUrl(std::string_view text);

/// `text`, which is to be a URL, as it may be told: without user and password, well-formed or not.
std::string withoutCredentials(std::string_view text);

/// Whether what follows the host of `authority` is nothing or a port. (Boost.URL 1.81 takes "h:x" for one.)
bool hasGoodPort(std::string_view authority);

/// Whether both lead to the same server in the same way: what is meant for the one may go to the other.
bool sameOrigin(const Url& a, const Url& b) noexcept;

}  // namespace duplex::websocket
