#pragma once

#include <string>
#include <string_view>

#include <duplex/export.h>

namespace duplex {

/// The HTTP proxy that the environment names for the WebSocket URL `url`, as `ClientOptions::proxy` takes
/// it; empty for none. The library reads the environment nowhere else.
///
/// For ws: it is `http_proxy`, for wss: `https_proxy` or `HTTPS_PROXY`; for want of those `all_proxy` or
/// `ALL_PROXY`. (`HTTP_PROXY` is not looked at: a CGI program finds there what a client sends as the header
/// Proxy.) No proxy for localhost, loopback addresses and Unix sockets, nor for what is in `no_proxy` or
/// `NO_PROXY`: names, which stand for all below them too, addresses, ranges such as 10.0.0.0/8, each with a
/// port if need be, split by commas or spaces; `*` is all.
///
/// Throws SyntaxError for what is no WebSocket URL. Not while another thread changes the environment.
DUPLEX_API std::string proxyFromEnvironment(std::string_view url);

}  // namespace duplex
