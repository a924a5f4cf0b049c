#include "websocket/client_handshake.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/ascii.h"
#include "base/base64.h"
#include "websocket/compression.h"

namespace duplex::websocket {
namespace {

constexpr std::size_t maxResponseHead = 64 * 1024;

constexpr std::array<std::string_view, 9> ownHeaders{"Host",
                                                     "Upgrade",
                                                     "Connection",
                                                     "Sec-WebSocket-Key",
                                                     "Sec-WebSocket-Version",
                                                     "Sec-WebSocket-Protocol",
                                                     "Sec-WebSocket-Extensions",
                                                     "Content-Length",
                                                     "Transfer-Encoding"};

bool isHeaderValue(std::string_view value) {
  return std::all_of(value.begin(), value.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte >= ' ' && byte != 0x7F) || c == '\t';
  });
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
  bool authorised = false;
  for (const auto& [name, value] : options.headers) {
    ours.extraHeaders += name + ": " + value + "\r\n";
    authorised = authorised || equalsIgnoringCase(name, "Authorization");
  }
  if (!url.credentials.empty() && !authorised) {
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
  for (const auto& [name, value] : options.headers) {
    if (!protocol::isToken(name)) throw SyntaxError("'" + name + "' is not a header's name");
    if (!isHeaderValue(value)) throw SyntaxError("the value of '" + name + "' is not a header's value");
    for (const std::string_view own : ownHeaders) {
      if (equalsIgnoringCase(own, name))
        throw SyntaxError("the header '" + name + "' belongs to the handshake");
    }
  }
}

ClientHandshake::ClientHandshake(net::Loop& loop, const Url& url, const ClientOptions& options,
                                 Ref<transport::TlsClientContext> tls, Connected connected)
    : tls_(std::move(tls)),
      host_(url.host),
      port_(url.port),
      ours_(makeHandshake(url, options)),
      parser_(maxResponseHead),
      connector_(std::make_unique<transport::Connector>(loop, url.host, url.port, std::move(connected))) {}

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
  if (result.error == Errc::HandshakeRefused) refusal.error.status = parser_.status();
  return refusal;
}

}  // namespace duplex::websocket
