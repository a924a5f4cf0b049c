#include "websocket/url.h"

#include <algorithm>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <charconv>

#include <duplex/error.h>

#include "base/ascii.h"
#include "http/percent.h"

namespace duplex::websocket {
namespace {

[[noreturn]] void refuse(std::string_view text, std::string_view why) {
  throw SyntaxError("'" + withoutCredentials(text) + "' " + std::string(why));
}

std::string_view trim(std::string_view text) {
  const auto isSpace = [](char c) { return static_cast<unsigned char>(c) <= ' '; };
  while (!text.empty() && isSpace(text.front())) text.remove_prefix(1);
  while (!text.empty() && isSpace(text.back())) text.remove_suffix(1);
  return text;
}

/// What a browser encodes by itself: all that may not stand in a URL but is no delimiter of one.
std::string encodeLoose(std::string_view text) {
  constexpr std::string_view loose = " \"<>`{}|\\^";
  constexpr char digits[] = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte == '\t' || byte == '\n' || byte == '\r') continue;
    if (byte < ' ' || byte >= 0x7F || loose.find(c) != std::string_view::npos) {
      encoded += {'%', digits[byte >> 4], digits[byte & 15]};
    } else {
      encoded += c;
    }
  }
  return encoded;
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), toLower);
  return result;
}

bool isSecure(std::string_view text, std::string_view scheme) {
  if (equalsIgnoringCase(scheme, "ws") || equalsIgnoringCase(scheme, "http")) return false;
  if (equalsIgnoringCase(scheme, "wss") || equalsIgnoringCase(scheme, "https")) return true;
  refuse(text, "is not a WebSocket URL: its scheme is not ws or wss");
}

constexpr std::string_view unixScheme = "ws+unix:";

Url parseUnixUrl(std::string_view text, std::string_view rest) {
  if (rest.find('#') != std::string_view::npos)
    refuse(text, "has a fragment, which a WebSocket URL may not have");
  if (rest.starts_with("///")) rest.remove_prefix(2);
  if (rest.starts_with("//")) refuse(text, "has a host; a Unix socket has a path alone");
  const std::size_t colon = rest.find(':');
  const std::string encodedPath = encodeLoose(rest.substr(0, colon));
  std::string path;
  if (encodedPath.find('?') != std::string::npos)
    refuse(text, "has a query without a path for the request: ws+unix:/socket:/path?query");
  if (!http::percentDecode(encodedPath, path) || path.empty()) refuse(text, "has no path of a Unix socket");

  Url url;
  url.unixSocket = Address::unixSocket(path);
  if (url.unixSocket.path().empty())
    refuse(text, "has no path of a Unix socket: those have at most 107 bytes, none of them NUL");
  url.host = url.authority = "localhost";
  const std::string target = colon == std::string_view::npos ? "" : encodeLoose(rest.substr(colon + 1));
  url.target = target.empty() || target.front() == '?' ? std::string(1, '/').append(target) : target;
  if (url.target.front() != '/' || !boost::urls::parse_origin_form(url.target))
    refuse(text, "has no path and query behind its socket");
  url.href = std::string(unixScheme) + encodedPath + ':' + url.target;
  return url;
}

}  // namespace

std::string withoutCredentials(std::string_view text) {
  // A password that is not encoded may hold a delimiter: then it lies behind the authority.
  const std::size_t at = text.rfind('@');
  if (at == std::string_view::npos) return std::string(text);
  const std::size_t slashes = text.find("//");
  const std::size_t start = slashes < at ? slashes + 2 : 0;
  return std::string(text.substr(0, start)).append(text.substr(at + 1));
}

bool hasGoodPort(std::string_view authority) {
  authority.remove_prefix(authority.rfind('@') + 1);
  const std::size_t colon = authority.find(':', authority.starts_with('[') ? authority.find(']') : 0);
  if (colon == std::string_view::npos) return true;
  const std::string_view port = authority.substr(colon + 1);
  return std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool sameOrigin(const Url& a, const Url& b) noexcept {
  return a.secure == b.secure && a.port == b.port && a.host == b.host && a.unixSocket == b.unixSocket;
}

Url parseUrl(std::string_view text) {
  const std::string_view trimmed = trim(text);
  if (equalsIgnoringCase(trimmed.substr(0, unixScheme.size()), unixScheme))
    return parseUnixUrl(text, trimmed.substr(unixScheme.size()));
  // Only what follows the authority is encoded; a host is taken as it is or refused.
  const std::size_t authorityStart = trimmed.find("//");
  const std::size_t pathStart =
      authorityStart == std::string_view::npos
          ? trimmed.size()
          : std::min(trimmed.size(), trimmed.find_first_of("/?#", authorityStart + 2));
  const std::string encoded =
      std::string(trimmed.substr(0, pathStart)) + encodeLoose(trimmed.substr(pathStart));

  if (pathStart > authorityStart &&
      !hasGoodPort(trimmed.substr(authorityStart, pathStart - authorityStart).substr(2))) {
    refuse(text, "has a port that is no number");
  }
  const auto parsed = boost::urls::parse_uri(encoded);
  if (!parsed) refuse(text, "is not an absolute URL");
  const boost::urls::url_view view = *parsed;

  Url url;
  url.secure = isSecure(text, view.scheme());
  if (view.has_fragment()) refuse(text, "has a fragment, which a WebSocket URL may not have");
  if (!view.has_authority() || view.encoded_host().empty()) refuse(text, "has no host");
  const std::uint16_t ownPort = url.secure ? 443 : 80;
  url.port = ownPort;
  const std::string_view port(view.port().data(), view.port().size());
  if (!port.empty()) {
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), url.port);
    if (error != std::errc()) refuse(text, "has a port above 65535");
  }
  const std::string host = lower(std::string_view(view.encoded_host().data(), view.encoded_host().size()));
  url.host = host.starts_with('[') ? host.substr(1, host.size() - 2) : lower(view.host());
  url.authority = url.port == ownPort ? host : host + ':' + std::to_string(url.port);

  // (Boost.URL 1.81 takes "[::1]x" for the host "[::1]" and the path "x".)
  if (!view.encoded_path().empty() && !view.encoded_path().starts_with('/'))
    refuse(text, "goes on behind its host without a slash");
  url.target = view.encoded_path().empty() ? "/" : std::string(view.encoded_path());
  if (view.has_query()) url.target += '?' + std::string(view.encoded_query());
  if (view.has_userinfo()) url.credentials = view.user() + ':' + view.password();
  url.href = std::string(url.secure ? "wss://" : "ws://") +
             (view.has_userinfo() ? std::string(view.encoded_userinfo()) + '@' : "") + url.authority +
             url.target;
  return url;
}

}  // namespace duplex::websocket
