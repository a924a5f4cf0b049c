#include "websocket/url.h"

#include <algorithm>
#include <string>

#include <duplex/error.h>

#include "http/target.h"
#include "input.h"
#include "targets.h"

namespace duplex::fuzz {
namespace {

bool isPrintable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
}

void checkUrl(std::string_view text) {
  websocket::Url url;
  try {
    url = websocket::parseUrl(text);
  } catch (const SyntaxError&) {
    return;
  }
  require(isPrintable(url.href) && isPrintable(url.authority) && isPrintable(url.target),
          "nothing in a URL ends a line or a word");
  require(url.target.starts_with('/') && url.target.find('#') == std::string::npos,
          "a target is path and query");
  require(!url.host.empty() && http::isHost(url.authority), "a host is one");
  const bool local = url.unixSocket.family() == Address::Family::Unix;
  require(url.href.starts_with(local        ? "ws+unix:"
                               : url.secure ? "wss://"
                                            : "ws://"),
          "a scheme is ws, wss or ws+unix");

  const websocket::Url again = websocket::parseUrl(url.href);
  require(again.href == url.href, "the normal form is that of itself");
  require(again.secure == url.secure && again.host == url.host && again.port == url.port &&
              again.authority == url.authority && again.target == url.target &&
              again.credentials == url.credentials && again.unixSocket == url.unixSocket,
          "and says the same");
}

void checkTarget(std::string_view text) {
  http::Target target;
  std::string made;
  if (!http::parseTarget("GET", text, target, made)) return;
  require(target.path.starts_with('/'), "a path begins with a slash");
  require(target.origin.starts_with(target.path), "a target begins with its path");
  require(target.path.find('?') == std::string_view::npos, "a path ends before the query");
  http::Target again;
  std::string unused;
  require(http::parseTarget("GET", target.origin, again, unused), "origin form can be read again");
  require(again.path == target.path && again.query == target.query, "and says the same");
  require(target.authority.empty() || target.authority.find('@') == std::string_view::npos,
          "an authority has no user");
}

}  // namespace

void url(Bytes bytes) {
  Piece text(bytes);
  checkUrl(asText(text.bytes()));
  checkTarget(asText(text.bytes()));
}

}  // namespace duplex::fuzz
