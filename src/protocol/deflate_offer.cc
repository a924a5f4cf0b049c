#include "protocol/deflate_offer.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ascii.h"

namespace duplex::protocol {
namespace {

constexpr std::string_view extensionName = "permessage-deflate";
constexpr std::string_view serverNoTakeover = "server_no_context_takeover";
constexpr std::string_view clientNoTakeover = "client_no_context_takeover";
constexpr std::string_view serverBits = "server_max_window_bits";
constexpr std::string_view clientBits = "client_max_window_bits";

/// The parameters of one offer or one answer, as they stand in it.
struct Given {
  bool serverNoTakeover = false;
  bool clientNoTakeover = false;
  std::optional<int> serverBits{};
  /// An offer may have it without a value, which sets no limit.
  std::optional<int> clientBits{};
};

/// 8 to 15, in decimal without leading zeros (RFC 7692 §7.1.2.1).
std::optional<int> readBits(std::string_view text) noexcept {
  if (text.size() == 1 && (text == "8" || text == "9")) return text[0] - '0';
  if (text.size() == 2 && text[0] == '1' && text[1] >= '0' && text[1] <= '5') return 10 + (text[1] - '0');
  return std::nullopt;
}

bool setOnce(bool& flag) noexcept {
  return !std::exchange(flag, true);
}

bool setOnce(std::optional<int>& bits, std::optional<int> value) noexcept {
  return value && !std::exchange(bits, value);
}

/// Nothing for a parameter that is unknown, repeated, or has a value that it may not have; all of these
/// are refused (RFC 7692 §7.1).
std::optional<Given> read(const Extension& extension, bool isOffer) {
  Given given;
  for (const auto& [name, value] : extension.parameters) {
    bool valid = false;
    if (name == serverNoTakeover) {
      valid = !value && setOnce(given.serverNoTakeover);
    } else if (name == clientNoTakeover) {
      valid = !value && setOnce(given.clientNoTakeover);
    } else if (name == serverBits) {
      valid = value && setOnce(given.serverBits, readBits(*value));
    } else if (name == clientBits) {
      valid = value ? setOnce(given.clientBits, readBits(*value))
                    : isOffer && setOnce(given.clientBits, maxWindowBits);
    }
    if (!valid) return std::nullopt;
  }
  return given;
}

std::string write(const Given& given) {
  std::string text(extensionName);
  const auto flag = [&](std::string_view name, bool set) {
    if (set) text.append("; ").append(name);
  };
  const auto bits = [&](std::string_view name, const std::optional<int>& value) {
    if (value) text.append("; ").append(name).append("=").append(std::to_string(*value));
  };
  flag(serverNoTakeover, given.serverNoTakeover);
  flag(clientNoTakeover, given.clientNoTakeover);
  bits(serverBits, given.serverBits);
  bits(clientBits, given.clientBits);
  return text;
}

std::optional<int> unlessLargest(int bits) noexcept {
  return bits < maxWindowBits ? std::optional(bits) : std::nullopt;
}

DeflateAgreement accept(const Given& offer, const DeflatePolicy& policy) {
  DeflateParameters agreed;
  agreed.serverTakeover = policy.takeover && !offer.serverNoTakeover;
  agreed.clientTakeover = policy.peerTakeover && !offer.clientNoTakeover;
  agreed.serverWindowBits = std::min(policy.windowBits, offer.serverBits.value_or(maxWindowBits));
  Given answer;
  answer.serverNoTakeover = !agreed.serverTakeover;
  answer.clientNoTakeover = !agreed.clientTakeover;
  // What a client offers a limit for has to be in the answer; what it did not offer may.
  answer.serverBits =
      offer.serverBits ? std::optional(agreed.serverWindowBits) : unlessLargest(agreed.serverWindowBits);
  // A client that does not offer it does not know it (RFC 7692 §7.1.2.2).
  if (offer.clientBits) {
    agreed.clientWindowBits = std::min(policy.peerWindowBits, *offer.clientBits);
    answer.clientBits = unlessLargest(agreed.clientWindowBits);
  }
  return {agreed, write(answer)};
}

/// All lines are one list. Nothing where they break the grammar.
std::optional<std::vector<Extension>> extensionsOf(std::span<const HeaderField> headers) {
  std::vector<Extension> extensions;
  for (const HeaderField& field : headers) {
    if (!equalsIgnoringCase(field.name, "Sec-WebSocket-Extensions")) continue;
    if (!parseExtensions(field.value, extensions)) return std::nullopt;
  }
  return extensions;
}

/// What an answer makes of an offer; nothing if it does not fit it (RFC 7692 §7.1.1, §7.1.2).
std::optional<DeflateParameters> apply(const Given& answer, const DeflatePolicy& policy) {
  if (!policy.peerTakeover && !answer.serverNoTakeover) return std::nullopt;
  if (policy.peerWindowBits < maxWindowBits && !answer.serverBits) return std::nullopt;
  DeflateParameters agreed;
  agreed.serverTakeover = !answer.serverNoTakeover;
  agreed.clientTakeover = policy.takeover && !answer.clientNoTakeover;
  agreed.serverWindowBits = answer.serverBits.value_or(maxWindowBits);
  agreed.clientWindowBits = answer.clientBits.value_or(policy.windowBits);
  const bool fits =
      agreed.serverWindowBits <= policy.peerWindowBits && agreed.clientWindowBits <= policy.windowBits;
  return fits ? std::optional(agreed) : std::nullopt;
}

}  // namespace

std::optional<DeflateAgreement> acceptDeflate(std::span<const HeaderField> request,
                                              const DeflatePolicy& policy) {
  const auto offers = extensionsOf(request);
  if (!offers) return std::nullopt;
  for (const Extension& extension : *offers) {
    if (extension.name != extensionName) continue;
    if (const auto offer = read(extension, true)) return accept(*offer, policy);
  }
  return std::nullopt;
}

std::string offerDeflate(const DeflatePolicy& policy) {
  std::string text = write({.serverNoTakeover = !policy.peerTakeover,
                            .clientNoTakeover = !policy.takeover,
                            .serverBits = unlessLargest(policy.peerWindowBits),
                            .clientBits = unlessLargest(policy.windowBits)});
  // Says that it may be limited, if the server likes.
  if (policy.windowBits == maxWindowBits) text.append("; ").append(clientBits);
  return text;
}

DeflateVerdict judgeDeflate(std::span<const HeaderField> response,
                            const std::optional<DeflatePolicy>& policy) {
  const DeflateVerdict invalid{.error = Errc::ExtensionInvalid};
  if (countFields(response, "Sec-WebSocket-Extensions") == 0) return {};
  const auto answers = extensionsOf(response);
  if (!answers || answers->size() != 1 || answers->front().name != extensionName || !policy) return invalid;
  const auto answer = read(answers->front(), false);
  const auto agreed = answer ? apply(*answer, *policy) : std::nullopt;
  if (!agreed) return invalid;
  // One element is one line.
  const std::string_view header = *onlyField(response, "Sec-WebSocket-Extensions");
  return {.agreement = DeflateAgreement{*agreed, std::string(header)}};
}

}  // namespace duplex::protocol
