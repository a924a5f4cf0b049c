#pragma once

#include <optional>
#include <string>

#include "app/websocket_route.h"
#include "http/exchange.h"
#include "protocol/deflate_offer.h"

namespace duplex {

struct AppOptions;

/// What a server answers to a request that got through to a WebSocket route.
struct UpgradeAnswer {
  /// 101, or the status of a refusal, with `headers` as whole lines.
  int status = 101;
  std::string headers;
  std::string body;
  /// The whole head of the 101, and the subprotocol it names.
  std::string head;
  std::string protocol;
  /// What it says of compression.
  std::optional<protocol::DeflateAgreement> deflate;
};

/// Judges the handshake (RFC 6455 §4.2), the origin and the subprotocols. What the application's
/// functions throw comes out.
UpgradeAnswer judgeUpgrade(http::Exchange& exchange, const WebSocketRoute& route, const AppOptions& options);

}  // namespace duplex
