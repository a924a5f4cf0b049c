#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <duplex/function.h>

#include "websocket/url.h"

namespace duplex::websocket {

/// An HTTP proxy, taken from its URL.
struct Proxy {
  /// For the name look-up.
  std::string host;
  std::uint16_t port = 80;
  /// "user:password", decoded; empty if there is none.
  std::string credentials;

  /// "host:port", for messages: without the credentials.
  std::string name() const;
};

/// Reads "http://user:password@host:port"; the scheme may be left out, as it often is in an environment.
/// Throws SyntaxError for other kinds of proxies and for what is no URL.
Proxy parseProxy(std::string_view text);

/// What asks `proxy` for a tunnel to the server of `url` (RFC 9110 §9.3.6).
std::string connectHead(const Proxy& proxy, const Url& url);

/// See proxyFromEnvironment; `variable` gives the value of a variable, empty if it is not set.
std::string chooseProxy(const Url& url, const Function<std::string(const char*)>& variable);

}  // namespace duplex::websocket
