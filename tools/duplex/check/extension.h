#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace duplex::check {

/// What permessage-deflate was agreed to be (RFC 7692 §7.1).
struct DeflateParameters {
  bool serverNoTakeover = false;
  bool clientNoTakeover = false;
  int serverBits = 15;
  int clientBits = 15;
};

/// One element of Sec-WebSocket-Extensions, quotes removed.
struct Extension {
  std::string name;
  std::vector<std::pair<std::string, std::optional<std::string>>> parameters{};

  /// The value of a parameter, which may have none; null if the parameter is not there.
  const std::optional<std::string>* find(std::string_view parameter) const;
};

/// The elements of a list; nothing if it breaks the grammar (RFC 6455 §9.1).
std::optional<std::vector<Extension>> parseExtensions(std::string_view list);

/// What is wrong with a server's `answer` to the `offers`; empty if nothing is (RFC 6455 §9.1, RFC 7692
/// §7.1). Sets `agreed` if the answer agrees to permessage-deflate.
std::string checkAnswer(std::string_view answer, std::string_view offers,
                        std::optional<DeflateParameters>& agreed);

/// What is wrong with a client's `offers`; empty if nothing is.
std::string checkOffers(std::string_view offers);

}  // namespace duplex::check
