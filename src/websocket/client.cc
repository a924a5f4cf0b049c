#include "websocket/client.h"

#include <string>
#include <utility>

#include <duplex/error.h>

#include "transport/tls_client.h"
#include "websocket/redirect.h"

namespace duplex::websocket {

Client::Client(const Url& to, ClientOptions with) : url_(to), options_(std::move(with)) {}

void Client::dial(net::Loop& loop, Dialer::Callback connected) {
  ClientOptions options = options_;
  if (away_) {
    options.headers.clear();
    options.cookies.clear();
    // Nor is it told who the client is, or taken for the first.
    options.tls.cert = options.tls.key = options.tls.passphrase = options.tls.serverName = {};
  }
  Ref<transport::TlsClientContext> tls;
  if (url_.secure) tls = loop.local<transport::TlsClients>().context(options.tls);
  handshake = std::make_unique<ClientHandshake>(loop, url_, options, std::move(tls), std::move(connected));
}

void Client::redirect(std::string_view location) {
  if (redirects_ >= options_.maxRedirects) {
    throw SyntaxError("there are more than " + std::to_string(options_.maxRedirects) + " redirects");
  }
  Url to = redirected(url_, location);
  ++redirects_;
  away_ = away_ || !sameOrigin(url_, to);
  url_ = std::move(to);
}

}  // namespace duplex::websocket
