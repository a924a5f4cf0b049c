#include "app/upgrade.h"

#include <algorithm>
#include <span>
#include <vector>

#include <duplex/app.h>
#include <duplex/request.h>

#include "base/ascii.h"
#include "protocol/handshake.h"
#include "websocket/compression.h"

namespace duplex {
namespace {

UpgradeAnswer refusal(Errc error) {
  UpgradeAnswer answer;
  answer.status = httpStatus(error);
  answer.body = make_error_code(error).message() + '\n';
  // RFC 6455 §4.2.2 and RFC 9110 §15.5.22: what would have been understood.
  if (answer.status == 426) {
    answer.headers = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n";
  }
  return answer;
}

/// What middleware set for the answer, without what a 101 may not have or says itself.
std::string headersFor101(std::string_view lines) {
  constexpr std::string_view withheld[] = {"Connection",   "Content-Encoding",  "Content-Length",
                                           "Content-Type", "Transfer-Encoding", "Upgrade",
                                           "ETag",         "Last-Modified"};
  constexpr std::string_view handshake = "Sec-WebSocket-";
  std::string kept;
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find('\n') + 1);
    lines.remove_prefix(line.size());
    const std::string_view name = line.substr(0, line.find(':'));
    const bool known = std::any_of(std::begin(withheld), std::end(withheld),
                                   [&](std::string_view other) { return equalsIgnoringCase(name, other); });
    if (!known && !equalsIgnoringCase(name.substr(0, handshake.size()), handshake)) kept += line;
  }
  return kept;
}

/// The subprotocol to speak; empty for none. One that was not offered is a mistake of the
/// application's and chooses none (RFC 6455 §4.2.2 item 5).
std::string choose(const WebSocketRoute& route, const Request& request,
                   const std::vector<std::string>& offered) {
  const auto isOffered = [&](const std::string& protocol) {
    return std::find(offered.begin(), offered.end(), protocol) != offered.end();
  };
  if (offered.empty()) return {};
  if (route.selectProtocol) {
    std::string chosen = route.selectProtocol(request, std::span<const std::string>(offered));
    return isOffered(chosen) ? chosen : std::string();
  }
  const auto chosen = std::find_if(route.protocols.begin(), route.protocols.end(), isOffered);
  return chosen == route.protocols.end() ? std::string() : *chosen;
}

}  // namespace

UpgradeAnswer judgeUpgrade(http::Exchange& exchange, const WebSocketRoute& route, const AppOptions& options) {
  const Request request(&exchange);
  const std::vector<protocol::HeaderField> headers = exchange.headerFields();
  const protocol::UpgradeOffer offer =
      protocol::checkRequest({request.method(), exchange.request.version, headers});
  if (offer.error != Errc{}) return refusal(offer.error);

  const std::string own = std::string(request.protocol()) + "://" + std::string(request.host());
  if (!options.origins.allows(request.header("Origin"), own, request)) return refusal(Errc::OriginForbidden);

  UpgradeAnswer answer;
  answer.protocol = choose(route, request, offer.protocols);
  std::string extra = headersFor101(exchange.headers.lines());
  if (options.sendLocation) {
    extra += "Sec-WebSocket-Location: ws" + std::string(exchange.secure ? "s" : "") + "://" +
             std::string(request.host()) + std::string(request.url()) + "\r\n";
  }
  if (route.compression.mode != Compression::Off)
    answer.deflate = protocol::acceptDeflate(headers, websocket::deflatePolicy(route.compression));
  const std::string_view extensions = answer.deflate ? answer.deflate->header : std::string_view();
  answer.head = protocol::acceptResponse(offer.key, answer.protocol, extensions, extra);
  return answer;
}

}  // namespace duplex
