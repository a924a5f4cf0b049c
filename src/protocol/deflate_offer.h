#pragma once

#include <optional>
#include <span>
#include <string>

#include <duplex/error.h>

#include "protocol/header_list.h"

namespace duplex::protocol {

/// The sizes that a window of DEFLATE may have, as powers of two (RFC 7692 §7.1.2).
inline constexpr int minWindowBits = 8;
inline constexpr int maxWindowBits = 15;

/// What one side wants of permessage-deflate (RFC 7692).
struct DeflatePolicy {
  /// Whether messages that it sends may refer to earlier ones; and those that it receives, for which it
  /// has to keep what came last.
  bool takeover = true;
  bool peerTakeover = true;
  /// The largest window of what it sends, and of what it receives. A server can only ask a client that
  /// offers it for the latter.
  int windowBits = maxWindowBits;
  int peerWindowBits = maxWindowBits;
};

/// What both sides agreed on (RFC 7692 §7.1).
struct DeflateParameters {
  bool serverTakeover = true;
  bool clientTakeover = true;
  int serverWindowBits = maxWindowBits;
  int clientWindowBits = maxWindowBits;

  friend bool operator==(const DeflateParameters&, const DeflateParameters&) = default;
};

struct DeflateAgreement {
  DeflateParameters parameters;
  /// The server's Sec-WebSocket-Extensions.
  std::string header;

  friend bool operator==(const DeflateAgreement&, const DeflateAgreement&) = default;
};

/// A server's answer to what a client offers: the first of its offers that is well-formed and can be met
/// (RFC 7692 §5, §7.1). None if it is to go without.
std::optional<DeflateAgreement> acceptDeflate(std::span<const HeaderField> request,
                                              const DeflatePolicy& policy);

/// A client's Sec-WebSocket-Extensions.
std::string offerDeflate(const DeflatePolicy& policy);

/// A server's answer as a client that offered `offerDeflate(*policy)` has to judge it; without a policy it
/// offered nothing. `error`: the connection must fail (RFC 6455 §4.1, RFC 7692 §7.1).
struct DeflateVerdict {
  Errc error{};
  std::optional<DeflateAgreement> agreement{};
};
DeflateVerdict judgeDeflate(std::span<const HeaderField> response,
                            const std::optional<DeflatePolicy>& policy);

}  // namespace duplex::protocol
