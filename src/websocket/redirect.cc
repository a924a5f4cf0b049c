#include "websocket/redirect.h"

#include <boost/url/parse.hpp>
#include <boost/url/url.hpp>
#include <string>

#include <duplex/error.h>

#include "http/percent.h"

namespace duplex::websocket {
namespace {

namespace urls = boost::urls;

[[noreturn]] void refuse(std::string_view location, const char* why) {
  throw SyntaxError("the redirect to '" + withoutCredentials(location) + "' " + why);
}

/// What the base of `from` makes of the reference `location` (RFC 3986 §5.2), without credentials.
std::string resolve(const Url& from, std::string_view location, const urls::url_view& reference) {
  const std::string base = (from.secure ? "wss://" : "ws://") + from.authority + from.target;
  urls::url whole;
  if (!urls::resolve(urls::url_view(base), reference, whole)) refuse(location, "leads nowhere");
  whole.remove_userinfo();
  // Steps above the root lead nowhere (RFC 3986 §5.2.4); Boost.URL 1.81 keeps them.
  std::string text(whole.buffer());
  const std::size_t path = text.find('/', text.find("//") + 2);
  while (path != std::string::npos && text.compare(path, 4, "/../") == 0) text.erase(path, 3);
  return text;
}

/// What stands between "//" and the path.
std::string_view authorityOf(std::string_view url) {
  url.remove_prefix(url.find("//") + 2);
  return url.substr(0, url.find_first_of("/?#"));
}

}  // namespace

bool isRedirect(int status) noexcept {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

Url redirected(const Url& from, std::string_view location) {
  const std::string encoded = http::encodeUrl(location);
  const auto reference = urls::parse_uri_reference(encoded);
  if (!reference) refuse(location, "is no URL");
  if (reference->has_authority() && !hasGoodPort(authorityOf(encoded)))
    refuse(location, "has a port that is no number");
  const bool elsewhere = reference->has_scheme() || reference->has_authority();
  Url to = parseUrl(resolve(from, location, *reference));
  if (to.unixSocket.family() == Address::Family::Unix) refuse(location, "leads to a Unix socket");
  if (from.secure && !to.secure) refuse(location, "leads from wss: to ws:");
  if (from.unixSocket.family() == Address::Family::Unix && !elsewhere) {
    // The same socket, where the base stands for localhost.
    to.unixSocket = from.unixSocket;
    to.href = from.href.substr(0, from.href.size() - from.target.size()) + to.target;
  }
  if (sameOrigin(from, to)) to.credentials = from.credentials;
  return to;
}

}  // namespace duplex::websocket
