#include "check/extension.h"

#include <fmt/format.h>

#include <algorithm>

#include "protocol/header_list.h"

namespace duplex::check {
namespace {

constexpr std::string_view deflateName = "permessage-deflate";
constexpr std::string_view serverNoTakeover = "server_no_context_takeover";
constexpr std::string_view clientNoTakeover = "client_no_context_takeover";
constexpr std::string_view serverBits = "server_max_window_bits";
constexpr std::string_view clientBits = "client_max_window_bits";

/// Takes a list apart. It is well-formed: `isExtensionList` has seen it.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  bool take(char c) {
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    skipSpace();
    return true;
  }
  std::string word() {
    skipSpace();
    std::string value;
    const bool quoted = !text_.empty() && text_.front() == '"';
    if (quoted) text_.remove_prefix(1);
    while (!text_.empty() && (quoted ? text_.front() != '"' : ends.find(text_.front()) == ends.npos)) {
      if (quoted && text_.front() == '\\') text_.remove_prefix(1);
      value += text_.front();
      text_.remove_prefix(1);
    }
    if (quoted) text_.remove_prefix(1);
    skipSpace();
    return value;
  }

 private:
  static constexpr std::string_view ends = ",;= \t";

  void skipSpace() {
    while (!text_.empty() && (text_.front() == ' ' || text_.front() == '\t')) text_.remove_prefix(1);
  }

  std::string_view text_;
};

/// 8–15 without a leading zero (RFC 7692 §7.1.2); 0 if it is none.
int windowBits(const std::optional<std::string>& value) {
  if (!value || value->empty() || value->size() > 2 || value->front() == '0') return 0;
  if (value->find_first_not_of("0123456789") != std::string::npos) return 0;
  const int bits = std::stoi(*value);
  return bits >= 8 && bits <= 15 ? bits : 0;
}

/// What is wrong with the parameters by themselves (RFC 7692 §7.1).
std::string checkParameters(const Extension& extension, bool isOffer) {
  for (const auto& [name, value] : extension.parameters) {
    const auto same = [&wanted = name](const auto& other) { return other.first == wanted; };
    if (std::count_if(extension.parameters.begin(), extension.parameters.end(), same) > 1) {
      return fmt::format("the parameter {} stands there twice", name);
    }
    if (name == serverNoTakeover || name == clientNoTakeover) {
      if (value) return fmt::format("{} has a value", name);
    } else if (name == serverBits || name == clientBits) {
      const bool mayBeBare = isOffer && name == clientBits && !value;
      if (!mayBeBare && windowBits(value) == 0) {
        return fmt::format("{}={} is not 8–15", name, value.value_or("(nothing)"));
      }
    } else {
      return fmt::format("there is no parameter {}", name);
    }
  }
  return {};
}

/// What keeps `answer` from being one to `offer`.
std::string checkAgainst(const Extension& answer, const Extension& offer) {
  if (offer.find(serverNoTakeover) != nullptr && answer.find(serverNoTakeover) == nullptr) {
    return "the offer's server_no_context_takeover is not accepted, nor is the offer declined";
  }
  const auto* asked = offer.find(serverBits);
  const auto* given = answer.find(serverBits);
  // 15 is what nothing said means, too.
  constexpr int most = 15;
  if (asked != nullptr && (given == nullptr ? most : windowBits(*given)) > windowBits(*asked)) {
    return fmt::format("server_max_window_bits is to be at most {}", asked->value_or(""));
  }
  asked = offer.find(clientBits);
  given = answer.find(clientBits);
  if (given != nullptr && asked == nullptr) return "client_max_window_bits was not offered";
  if (given != nullptr && asked->has_value() && windowBits(*given) > windowBits(*asked)) {
    return fmt::format("client_max_window_bits is to be at most {}", **asked);
  }
  return {};
}

DeflateParameters read(const Extension& answer) {
  DeflateParameters agreed;
  agreed.serverNoTakeover = answer.find(serverNoTakeover) != nullptr;
  agreed.clientNoTakeover = answer.find(clientNoTakeover) != nullptr;
  if (const auto* bits = answer.find(serverBits)) agreed.serverBits = windowBits(*bits);
  if (const auto* bits = answer.find(clientBits)) agreed.clientBits = windowBits(*bits);
  return agreed;
}

}  // namespace

const std::optional<std::string>* Extension::find(std::string_view parameter) const {
  const auto found = std::find_if(parameters.begin(), parameters.end(),
                                  [&](const auto& each) { return each.first == parameter; });
  return found == parameters.end() ? nullptr : &found->second;
}

std::optional<std::vector<Extension>> parseExtensions(std::string_view list) {
  if (!protocol::isExtensionList(list)) return std::nullopt;
  std::vector<Extension> extensions;
  Scanner scanner(list);
  do {
    Extension& extension = extensions.emplace_back(Extension{scanner.word()});
    while (scanner.take(';')) {
      std::string name = scanner.word();
      std::optional<std::string> value;
      if (scanner.take('=')) value = scanner.word();
      extension.parameters.emplace_back(std::move(name), std::move(value));
    }
  } while (scanner.take(','));
  return extensions;
}

std::string checkAnswer(std::string_view answer, std::string_view offers,
                        std::optional<DeflateParameters>& agreed) {
  if (answer.empty()) return {};
  const auto given = parseExtensions(answer);
  if (!given) return "Sec-WebSocket-Extensions is malformed: " + std::string(answer);
  const auto asked = parseExtensions(offers).value_or(std::vector<Extension>());
  for (const Extension& extension : *given) {
    if (std::none_of(asked.begin(), asked.end(),
                     [&](const Extension& a) { return a.name == extension.name; })) {
      return "an extension that was not offered: " + extension.name;
    }
    if (extension.name != deflateName) continue;
    if (agreed) return "permessage-deflate is agreed to twice";
    std::string problem = checkParameters(extension, false);
    if (!problem.empty()) return problem;
    for (const Extension& offer : asked) {
      if (offer.name != deflateName) continue;
      const std::string bad = checkParameters(offer, true);
      const std::string why = bad.empty() ? checkAgainst(extension, offer) : "the offer is invalid: " + bad;
      if (why.empty()) {
        agreed = read(extension);
        break;
      }
      if (problem.empty()) problem = why;
    }
    if (!agreed) return problem;
  }
  return {};
}

std::string checkOffers(std::string_view offers) {
  if (offers.empty()) return {};
  const auto asked = parseExtensions(offers);
  if (!asked) return "Sec-WebSocket-Extensions is malformed: " + std::string(offers);
  for (const Extension& offer : *asked) {
    if (offer.name != deflateName) continue;
    if (std::string problem = checkParameters(offer, true); !problem.empty()) return problem;
  }
  return {};
}

}  // namespace duplex::check
