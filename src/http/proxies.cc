#include "http/proxies.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <stdexcept>
#include <utility>

#include "http/ascii.h"
#include "protocol/header_list.h"

namespace duplex::http {
namespace {

/// An address as proxies write it: "192.0.2.1", "192.0.2.1:47", "2001:db8::1", "[2001:db8::1]:47".
Address readNode(std::string_view text) {
  std::string_view host = text;
  std::uint16_t port = 0;
  const std::size_t colon = text.rfind(':');
  const bool bracketed = text.starts_with('[');
  // A single colon, or one behind the bracket, stands before a port.
  const bool hasPort =
      colon != std::string_view::npos && (bracketed ? text[colon - 1] == ']' : text.find(':') == colon);
  if (hasPort) {
    host = text.substr(0, colon);
    const std::string_view digits = text.substr(colon + 1);
    const char* const end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, port);
    if (error != std::errc() || stop != end) return {};
  }
  return Address::parse(host, port);
}

std::optional<bool> readProtocol(std::string_view text) noexcept {
  if (equalsIgnoringCase(text, "https") || equalsIgnoringCase(text, "wss")) return true;
  if (equalsIgnoringCase(text, "http") || equalsIgnoringCase(text, "ws")) return false;
  return std::nullopt;
}

/// The elements of all lines called `name`, which are one list (RFC 9110 §5.2).
std::vector<std::string_view> elements(const std::vector<Field>& fields, std::string_view name) {
  std::vector<std::string_view> all;
  for (const Field& field : fields) {
    if (!equalsIgnoringCase(field.name, name)) continue;
    std::string_view rest = field.value;
    while (!rest.empty()) all.push_back(trim(splitFront(rest, ',')));
  }
  return all;
}

/// Cuts the last element off a list in which commas may stand in quotes. From its end: what a client has
/// written in front, a quote that is not closed perhaps, must not reach into what proxies have added.
std::string_view takeLast(std::string_view& list) noexcept {
  bool quoted = false;
  std::size_t at = list.size();
  while (at > 0) {
    const char c = list[--at];
    if (c == '"') {
      std::size_t escapes = 0;
      while (escapes < at && list[at - 1 - escapes] == '\\') ++escapes;
      if (escapes % 2 == 0) quoted = !quoted;
    } else if (c == ',' && !quoted) {
      const std::string_view last = list.substr(at + 1);
      list = list.substr(0, at);
      return trim(last);
    }
  }
  return trim(std::exchange(list, {}));
}

/// A token or a quoted string off the front of `text`.
std::optional<std::string> takeValue(std::string_view& text) {
  std::string value;
  if (!text.starts_with('"')) {
    value = splitFront(text, ';');
    if (!protocol::isToken(value)) return std::nullopt;
    return value;
  }
  for (std::size_t at = 1; at < text.size(); ++at) {
    if (text[at] == '"') {
      text.remove_prefix(at + 1);
      if (!text.empty() && text.front() != ';') return std::nullopt;
      splitFront(text, ';');
      return value;
    }
    if (text[at] == '\\' && ++at == text.size()) break;
    value += text[at];
  }
  return std::nullopt;
}

struct Hop {
  Address address;
  std::optional<bool> secure;
};

/// forwarded-element (RFC 7239 §4); nothing if it is none.
std::optional<Hop> readElement(std::string_view text) {
  Hop hop;
  while (!text.empty()) {
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    const std::string_view name = text.substr(0, equals);
    text.remove_prefix(equals + 1);
    const std::optional<std::string> value = takeValue(text);
    if (!value || !protocol::isToken(name)) return std::nullopt;
    if (equalsIgnoringCase(name, "for")) hop.address = readNode(*value);
    if (equalsIgnoringCase(name, "proto")) hop.secure = readProtocol(*value);
  }
  return hop;
}

}  // namespace

Proxies::Proxies(const std::vector<std::string>& trusted, ForwardedHeader header) : header_(header) {
  for (const std::string& text : trusted) {
    if (text == "unix") {
      local_ = true;
      continue;
    }
    const auto range = AddressRange::parse(text);
    if (!range) throw std::invalid_argument("trustedProxies: '" + text + "' is no address and no range");
    trusted_.push_back(*range);
  }
}

bool Proxies::trusts(const Address& address) const noexcept {
  const bool isIp = address.family() == Address::Family::V4 || address.family() == Address::Family::V6;
  // What comes over a Unix socket.
  if (!isIp) return local_;
  return std::any_of(trusted_.begin(), trusted_.end(),
                     [&](const AddressRange& range) { return range.contains(address); });
}

ClientOf Proxies::client(const std::vector<Field>& fields, const ClientOf& direct) const {
  switch (header_) {
    case ForwardedHeader::None:
      return direct;
    case ForwardedHeader::XForwarded:
      return clientOfX(fields, direct);
    case ForwardedHeader::Forwarded:
      return clientOfForwarded(fields, direct);
  }
  return direct;
}

ClientOf Proxies::clientOfX(const std::vector<Field>& fields, const ClientOf& direct) const {
  ClientOf client = direct;
  const std::vector<std::string_view> addresses = elements(fields, "X-Forwarded-For");
  const std::vector<std::string_view> protocols = elements(fields, "X-Forwarded-Proto");
  std::size_t place = addresses.size();
  while (place > 0) {
    const Address address = readNode(addresses[place - 1]);
    if (address.family() == Address::Family::None) break;
    --place;
    client.address = address;
    if (!trusts(address)) break;
  }
  if (protocols.empty()) return client;
  // A list as long as that of the addresses tells how each of them came; else the nearest proxy does.
  const bool paired = protocols.size() == addresses.size() && place < protocols.size();
  const auto secure = readProtocol(paired ? protocols[place] : protocols.back());
  client.secure = secure.value_or(client.secure);
  return client;
}

ClientOf Proxies::clientOfForwarded(const std::vector<Field>& fields, const ClientOf& direct) const {
  ClientOf client = direct;
  for (auto field = fields.rbegin(); field != fields.rend(); ++field) {
    if (!equalsIgnoringCase(field->name, "Forwarded")) continue;
    std::string_view list = field->value;
    while (!list.empty()) {
      const std::optional<Hop> hop = readElement(takeLast(list));
      if (!hop) return client;
      client.secure = hop->secure.value_or(direct.secure);
      // "unknown", or a name of the proxy's own.
      if (hop->address.family() == Address::Family::None) return client;
      client.address = hop->address;
      if (!trusts(hop->address)) return client;
    }
  }
  return client;
}

}  // namespace duplex::http
