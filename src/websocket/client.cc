#include "websocket/client.h"

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "transport/tls_client.h"
#include "websocket/redirect.h"
#include "websocket/retry.h"

namespace duplex::websocket {
namespace {

/// Whether `how` says to try again after the close code `code`.
bool allows(const Reconnect& how, std::uint16_t code) {
  constexpr std::uint16_t usual[] = {1001, 1006, 1011, 1012, 1013, 1014};
  const std::span<const std::uint16_t> codes = how.codes.empty() ? std::span(usual) : std::span(how.codes);
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

}  // namespace

Client::Client(const Url& to, ClientOptions with) : first_(to), url_(to), options_(std::move(with)) {}

void Client::dial(net::Loop& loop, Dialer::Callback connected) {
  ClientOptions options = options_;
  if (away_) {
    options.headers.clear();
    options.cookies.clear();
    // Nor is it told who the client is, or taken for the first.
    options.tls.cert = options.tls.key = options.tls.passphrase = options.tls.serverName = {};
  }
  if (options.proxyFor != nullptr && url_.unixSocket.family() == Address::Family::None) {
    options.proxy = options.proxyFor((url_.secure ? "wss://" : "ws://") + url_.authority + url_.target);
  }
  Ref<transport::TlsClientContext> tls;
  if (url_.secure) tls = tlsContext(loop, options.tls);
  handshake = std::make_unique<ClientHandshake>(loop, url_, options, std::move(tls), std::move(connected));
}

Ref<transport::TlsClientContext> Client::tlsContext(net::Loop& loop, const TlsClientOptions& options) {
  Ref<transport::TlsClientContext>& last = away_ ? lastTlsAway_ : lastTls_;
  try {
    last = loop.local<transport::TlsClients>().context(options);
  } catch (const TlsError&) {
    // While files are replaced one may be missing, or not fit the other.
    if (!last) throw;
  }
  return last;
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

bool Client::opened(TimePoint now) noexcept {
  openSince_ = now;
  return std::exchange(wasOpen_, true);
}

bool Client::triesAgain(const CloseEvent& end, const Error* error, TimePoint now) {
  lost.reset();
  const Reconnect& how = options_.reconnect;
  const auto since = std::exchange(openSince_, std::nullopt);
  if (since && now - *since >= how.stableTime) tries_ = 0;
  if (stopped_ || tries_ >= how.maxTries) return false;
  const bool sensible = error != nullptr ? mayPass(*error) : allows(how, end.code);
  if (!sensible) return false;
  // First what may throw, so that it can be tried again.
  Url to = first_;
  ReconnectEvent event{end, error == nullptr ? Error() : *error, tries_ + 1, drawDelay(how, tries_ + 1)};
  ++tries_;
  lost = std::move(event);
  url_ = std::move(to);
  redirects_ = 0;
  away_ = false;
  return true;
}

}  // namespace duplex::websocket
