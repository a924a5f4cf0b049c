#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <duplex/error.h>

#include "protocol/deflate_offer.h"
#include "protocol/header_list.h"

namespace duplex::protocol {

/// The accept value for a key (RFC 6455 §4.2.2 item 5).
std::string acceptKey(std::string_view key);
/// A fresh Sec-WebSocket-Key: base64 of 16 random bytes.
std::string makeKey();

/// A client's opening handshake as plain data, for the server's side to judge (RFC 6455 §4.2.1).
struct UpgradeRequest {
  std::string_view method;
  /// 11 for HTTP/1.1.
  int version = 11;
  std::span<const HeaderField> headers;
};

/// What a well-formed handshake asks for.
struct UpgradeOffer {
  Errc error{};
  std::string key;
  /// In the client's order.
  std::vector<std::string> protocols;
};

/// Whether a request means to open a WebSocket, well-formed or not: GET with `websocket` among the
/// values of Upgrade.
bool isUpgrade(const UpgradeRequest& request) noexcept;

/// Checks all of RFC 6455 §4.2.1 but the target and the origin. `error` is the first rule broken.
UpgradeOffer checkRequest(const UpgradeRequest& request);

/// The head of the 101 response; `protocol` and `extensions` may be empty. `extraHeaders` are whole
/// lines, each with its CRLF. All are free of CR, LF and NUL (see `isFieldValue`).
std::string acceptResponse(std::string_view key, std::string_view protocol, std::string_view extensions,
                           std::string_view extraHeaders = {});

/// What a client puts into its request. All of it is free of CR, LF and NUL (see `isFieldValue`).
struct ClientHandshake {
  /// The authority for Host, and the target in origin form.
  std::string host;
  std::string target;
  std::string key;
  std::vector<std::string> protocols;
  std::string origin;
  /// What it offers of compression, if any.
  std::optional<DeflatePolicy> deflate{};
  /// Whole lines, each with its CRLF; these are what CR and LF are for.
  std::string extraHeaders;
};

std::string requestHead(const ClientHandshake& handshake);

/// A server's answer as plain data.
struct UpgradeResponse {
  int status = 0;
  int version = 11;
  std::span<const HeaderField> headers;
};

struct UpgradeResult {
  Errc error{};
  std::string protocol;
  std::optional<DeflateAgreement> deflate{};
};

/// Checks a server's answer (RFC 6455 §4.1, and WHATWG: offered protocols and none chosen is a
/// failure).
UpgradeResult checkResponse(const UpgradeResponse& response, const ClientHandshake& handshake);

}  // namespace duplex::protocol
