#include "websocket/client_handshake.h"

#include <algorithm>
#include <optional>
#include <span>
#include <utility>

#include "base/ascii.h"
#include "base/base64.h"
#include "websocket/compression.h"
#include "websocket/redirect.h"

namespace duplex::websocket {
namespace {

constexpr std::size_t maxResponseHead = 64 * 1024;

// Those that the handshake or HTTP itself sets, that would change what the request is, or that are for a
// proxy.
constexpr std::string_view ownHeaders[] = {"Host",
                                           "Upgrade",
                                           "Connection",
                                           "Sec-WebSocket-Key",
                                           "Sec-WebSocket-Version",
                                           "Sec-WebSocket-Protocol",
                                           "Sec-WebSocket-Extensions",
                                           "Sec-WebSocket-Accept",
                                           "Content-Length",
                                           "Transfer-Encoding",
                                           "TE",
                                           "Trailer",
                                           "Expect",
                                           "Keep-Alive",
                                           "Proxy-Connection",
                                           "Proxy-Authorization"};

bool isHeaderValue(std::string_view value) {
  return std::all_of(value.begin(), value.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte >= ' ' && byte != 0x7F) || c == '\t';
  });
}

/// RFC 6265 §4.1.1; quotation marks may stand anywhere, as in cookies that servers set.
bool isCookieValue(std::string_view value) {
  return std::all_of(value.begin(), value.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte > ' ' && byte < 0x7F && c != ';' && c != ',' && c != '\\';
  });
}

bool hasHeader(const ClientOptions& options, std::string_view name) {
  return std::any_of(options.headers.begin(), options.headers.end(),
                     [name](const auto& header) { return equalsIgnoringCase(header.first, name); });
}

std::string cookieHeader(const ClientOptions& options) {
  std::string header;
  for (const auto& [name, value] : options.cookies) {
    header += (header.empty() ? "Cookie: " : "; ") + name + '=' + value;
  }
  return header.empty() ? header : header + "\r\n";
}

void checkHeader(const std::string& name, const std::string& value) {
  if (!protocol::isToken(name)) throw SyntaxError("'" + name + "' is not a header's name");
  if (!isHeaderValue(value)) throw SyntaxError("the value of '" + name + "' is not a header's value");
  for (const std::string_view own : ownHeaders) {
    if (equalsIgnoringCase(own, name))
      throw SyntaxError("the header '" + name + "' belongs to the handshake");
  }
}

void checkCookies(const ClientOptions& options) {
  for (const auto& [name, value] : options.cookies) {
    if (!protocol::isToken(name)) throw SyntaxError("'" + name + "' is not a cookie's name");
    if (!isCookieValue(value)) throw SyntaxError("the value of the cookie '" + name + "' is not one");
  }
  if (!options.cookies.empty() && hasHeader(options, "Cookie"))
    throw SyntaxError("there are cookies, and a header Cookie beside them");
}

/// Empty if there is none, or more than one.
std::string onlyLocation(std::span<const protocol::HeaderField> headers) {
  const auto isLocation = [](const protocol::HeaderField& header) {
    return equalsIgnoringCase(header.name, "Location");
  };
  if (std::count_if(headers.begin(), headers.end(), isLocation) != 1) return {};
  return std::string(std::find_if(headers.begin(), headers.end(), isLocation)->value);
}

std::optional<Proxy> proxyOf(const ClientOptions& options) {
  if (options.proxy.empty()) return std::nullopt;
  return parseProxy(options.proxy);
}

}  // namespace

protocol::ClientHandshake makeHandshake(const Url& url, const ClientOptions& options) {
  protocol::ClientHandshake ours;
  ours.host = url.authority;
  ours.target = url.target;
  ours.key = protocol::makeKey();
  ours.protocols = options.protocols;
  ours.origin = options.origin;
  if (options.compression.mode != Compression::Off) ours.deflate = deflatePolicy(options.compression);
  for (const auto& [name, value] : options.headers) ours.extraHeaders += name + ": " + value + "\r\n";
  ours.extraHeaders += cookieHeader(options);
  if (!url.credentials.empty() && !hasHeader(options, "Authorization")) {
    ours.extraHeaders += "Authorization: Basic " + base64Encode(asBytes(url.credentials)) + "\r\n";
  }
  return ours;
}

void checkOptions(const ClientOptions& options) {
  checkCompression(options.compression);
  for (auto protocol = options.protocols.begin(); protocol != options.protocols.end(); ++protocol) {
    if (!protocol::isToken(*protocol)) throw SyntaxError("'" + *protocol + "' is not a subprotocol's name");
    if (std::find(options.protocols.begin(), protocol, *protocol) != protocol) {
      throw SyntaxError("the subprotocol '" + *protocol + "' is given twice");
    }
  }
  if (!isHeaderValue(options.origin)) throw SyntaxError("the origin is not a header's value");
  for (const auto& [name, value] : options.headers) checkHeader(name, value);
  if (!options.origin.empty() && hasHeader(options, "Origin"))
    throw SyntaxError("there is an origin, and a header Origin beside it");
  checkCookies(options);
  proxyOf(options);
  if (options.proxyFor != nullptr && !options.proxy.empty())
    throw SyntaxError("there is a proxy, and a function that says which beside it");
  if (options.reconnect.delay.count() < 0 || options.reconnect.maxDelay.count() < 0)
    throw SyntaxError("reconnect: a delay is negative");
}

ClientHandshake::ClientHandshake(net::Loop& loop, const Url& url, const ClientOptions& options,
                                 Ref<transport::TlsClientContext> tls, Dialer::Callback connected)
    : tls_(std::move(tls)),
      host_(url.host),
      port_(url.port),
      ours_(makeHandshake(url, options)),
      parser_(maxResponseHead),
      dialer_(loop, url, proxyOf(options), std::move(connected)) {}

bool ClientHandshake::startTls(transport::Stream& stream) const {
  if (!tls_) return false;
  stream.startTls(*tls_, host_, port_);
  return true;
}

ClientHandshake::Answer ClientHandshake::feed(Bytes bytes) {
  std::size_t consumed = 0;
  switch (parser_.feed(bytes, consumed)) {
    case http::ResponseHeadParser::Result::NeedMore:
      return {};
    case http::ResponseHeadParser::Result::Failed:
      return {.complete = true, .error = Error(parser_.error()), .refused = true};
    case http::ResponseHeadParser::Result::Complete:
      break;
  }
  Answer answer = judge();
  answer.complete = true;
  answer.consumed = consumed;
  return answer;
}

ClientHandshake::Answer ClientHandshake::judge() const {
  protocol::UpgradeResult result =
      protocol::checkResponse({parser_.status(), parser_.version(), parser_.headers()}, ours_);
  if (result.error == Errc{})
    return {.protocol = std::move(result.protocol), .deflate = std::move(result.deflate)};
  Answer refusal{.refused = true};
  refusal.error = result.error == Errc::HandshakeRefused
                      ? Error(result.error, "the server answered " + std::to_string(parser_.status()))
                      : Error(result.error);
  if (result.error != Errc::HandshakeRefused) return refusal;
  refusal.error.status = parser_.status();
  if (isRedirect(parser_.status())) refusal.location = onlyLocation(parser_.headers());
  return refusal;
}

}  // namespace duplex::websocket
