#include "protocol/handshake.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/ascii.h"
#include "base/base64.h"
#include "base/random.h"
#include "base/sha1.h"

namespace duplex::protocol {
namespace {

// RFC 6455 §1.3.
constexpr std::string_view acceptSuffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
constexpr std::size_t keyBytes = 16;

// The last symbol of a key has bits that stand for nothing; WHATWG shows one where they are set.
bool isKey(std::string_view key) {
  const auto decoded = base64Decode(key);
  return decoded && decoded->size() == keyBytes;
}

// All lines are one list (RFC 6455 §11.3.4).
Errc readProtocols(std::span<const HeaderField> headers, std::vector<std::string>& protocols) {
  std::vector<std::string_view> tokens;
  for (const HeaderField& field : headers) {
    if (!equalsIgnoringCase(field.name, "Sec-WebSocket-Protocol")) continue;
    if (!parseTokens(field.value, tokens)) return Errc::ProtocolInvalid;
  }
  protocols.assign(tokens.begin(), tokens.end());
  std::sort(tokens.begin(), tokens.end());
  const bool repeated = std::adjacent_find(tokens.begin(), tokens.end()) != tokens.end();
  return repeated ? Errc::ProtocolInvalid : Errc{};
}

bool haveValidExtensions(std::span<const HeaderField> headers) {
  return std::all_of(headers.begin(), headers.end(), [](const HeaderField& field) {
    return !equalsIgnoringCase(field.name, "Sec-WebSocket-Extensions") || isExtensionList(field.value);
  });
}

// RFC 6455 §4.2.1, in an order in which the first error tells a client the most.
Errc checkRequestHead(const UpgradeRequest& request, std::string& key) {
  if (request.method != "GET") return Errc::MethodNotGet;
  if (request.version < 11) return Errc::HttpVersionTooOld;
  if (!hasToken(request.headers, "Upgrade", "websocket")) return Errc::UpgradeMissing;
  if (!hasToken(request.headers, "Connection", "Upgrade")) return Errc::ConnectionMissing;
  if (!onlyField(request.headers, "Host")) return Errc::BadRequest;
  if (onlyField(request.headers, "Sec-WebSocket-Version") != "13") return Errc::VersionUnsupported;
  const auto givenKey = onlyField(request.headers, "Sec-WebSocket-Key");
  if (!givenKey || !isKey(*givenKey)) return Errc::KeyInvalid;
  key = *givenKey;
  if (!haveValidExtensions(request.headers)) return Errc::ExtensionInvalid;
  return {};
}

void appendField(std::string& head, std::string_view name, std::string_view value) {
  head.append(name).append(": ").append(value).append("\r\n");
}

void appendFieldUnlessEmpty(std::string& head, std::string_view name, std::string_view value) {
  if (!value.empty()) appendField(head, name, value);
}

std::string join(const std::vector<std::string>& values) {
  std::string list;
  for (const std::string& value : values) list.append(list.empty() ? "" : ", ").append(value);
  return list;
}

// RFC 6455 §4.1, and WHATWG: who offered protocols and got none fails the connection.
Errc checkChosenProtocol(std::span<const HeaderField> headers, const std::vector<std::string>& offered,
                         std::string& protocol) {
  const std::size_t chosen = countFields(headers, "Sec-WebSocket-Protocol");
  if (chosen == 0) return offered.empty() ? Errc{} : Errc::ProtocolInvalid;
  if (chosen > 1) return Errc::ProtocolInvalid;
  protocol = *onlyField(headers, "Sec-WebSocket-Protocol");
  const bool wasOffered = std::find(offered.begin(), offered.end(), protocol) != offered.end();
  return wasOffered ? Errc{} : Errc::ProtocolInvalid;
}

Errc checkResponseHead(const UpgradeResponse& response, const ClientHandshake& handshake) {
  if (response.status != 101) return Errc::HandshakeRefused;
  if (response.version < 11) return Errc::HttpVersionTooOld;
  // One protocol, where a request may list several: what is listed would be spoken on top of another
  // (RFC 6455 §4.1, RFC 9110 §7.8).
  const auto upgrade = onlyField(response.headers, "Upgrade");
  if (!upgrade || !equalsIgnoringCase(*upgrade, "websocket")) return Errc::UpgradeMissing;
  if (!hasToken(response.headers, "Connection", "Upgrade")) return Errc::ConnectionMissing;
  if (onlyField(response.headers, "Sec-WebSocket-Accept") != acceptKey(handshake.key))
    return Errc::AcceptInvalid;
  return {};
}

}  // namespace

std::string acceptKey(std::string_view key) {
  return base64Encode(sha1(asBytes(std::string(key).append(acceptSuffix))));
}

std::string makeKey() {
  std::array<std::byte, keyBytes> nonce;
  randomBytes(nonce);
  return base64Encode(nonce);
}

bool isUpgrade(const UpgradeRequest& request) noexcept {
  return request.method == "GET" && hasToken(request.headers, "Upgrade", "websocket");
}

UpgradeOffer checkRequest(const UpgradeRequest& request) {
  UpgradeOffer offer;
  offer.error = checkRequestHead(request, offer.key);
  if (offer.error == Errc{}) offer.error = readProtocols(request.headers, offer.protocols);
  return offer;
}

std::string acceptResponse(std::string_view key, std::string_view protocol, std::string_view extensions,
                           std::string_view extraHeaders) {
  std::string head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";
  appendField(head, "Sec-WebSocket-Accept", acceptKey(key));
  appendFieldUnlessEmpty(head, "Sec-WebSocket-Protocol", protocol);
  appendFieldUnlessEmpty(head, "Sec-WebSocket-Extensions", extensions);
  return head.append(extraHeaders).append("\r\n");
}

std::string requestHead(const ClientHandshake& handshake) {
  std::string head = "GET " + handshake.target + " HTTP/1.1\r\n";
  appendField(head, "Host", handshake.host);
  head.append("Upgrade: websocket\r\nConnection: Upgrade\r\n");
  appendField(head, "Sec-WebSocket-Key", handshake.key);
  head.append("Sec-WebSocket-Version: 13\r\n");
  appendFieldUnlessEmpty(head, "Sec-WebSocket-Protocol", join(handshake.protocols));
  if (handshake.deflate) appendField(head, "Sec-WebSocket-Extensions", offerDeflate(*handshake.deflate));
  appendFieldUnlessEmpty(head, "Origin", handshake.origin);
  return head.append(handshake.extraHeaders).append("\r\n");
}

UpgradeResult checkResponse(const UpgradeResponse& response, const ClientHandshake& handshake) {
  UpgradeResult result{.error = checkResponseHead(response, handshake)};
  if (result.error != Errc{}) return result;
  auto [error, agreement] = judgeDeflate(response.headers, handshake.deflate);
  result.deflate = std::move(agreement);
  result.error =
      error != Errc{} ? error : checkChosenProtocol(response.headers, handshake.protocols, result.protocol);
  return result;
}

}  // namespace duplex::protocol
