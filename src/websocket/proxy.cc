#include "websocket/proxy.h"

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <vector>

#include <duplex/error.h>

#include "base/ascii.h"
#include "base/base64.h"

namespace duplex::websocket {
namespace {

std::string bracketed(const std::string& host) {
  return host.find(':') == std::string::npos ? host : '[' + host + ']';
}

/// The server of `url` with its port, which CONNECT has always.
std::string authorityWithPort(const Url& url) {
  const bool ownPort = url.port == (url.secure ? 443 : 80);
  return ownPort ? url.authority + ':' + std::to_string(url.port) : url.authority;
}

std::vector<std::string_view> entriesOf(std::string_view list) {
  std::vector<std::string_view> entries;
  while (!list.empty()) {
    const std::size_t end = std::min(list.size(), list.find_first_of(", \t"));
    if (end > 0) entries.push_back(list.substr(0, end));
    list.remove_prefix(std::min(list.size(), end + 1));
  }
  return entries;
}

/// Takes ":port" off the end of `entry`. False if it is another port than `port`.
bool takePort(std::string_view& entry, std::uint16_t port) {
  const std::size_t colon = entry.rfind(':');
  const bool v6 = entry.find(':') != colon && !entry.starts_with('[');
  if (colon == std::string_view::npos || v6 || entry.ends_with(']')) return true;
  unsigned wanted = 0;
  const auto [end, error] = std::from_chars(entry.data() + colon + 1, entry.data() + entry.size(), wanted);
  if (error != std::errc() || end != entry.data() + entry.size() || wanted != port) return false;
  entry = entry.substr(0, colon);
  return true;
}

/// Whether the first `bits` of both are the same.
bool samePrefix(const Address& a, const Address& b, unsigned bits) {
  const unsigned size = a.family() == Address::Family::V4 ? 32 : 128;
  if (a.family() != b.family() || bits > size) return false;
  for (unsigned i = 0; i < bits; i += 8) {
    const unsigned rest = std::min(8U, bits - i);
    const unsigned mask = 0xFF00U >> rest & 0xFFU;
    if (((a.bytes()[i / 8] ^ b.bytes()[i / 8]) & mask) != 0) return false;
  }
  return true;
}

bool matchesAddress(std::string_view entry, const Address& address) {
  const std::size_t slash = entry.find('/');
  const Address base = Address::parse(entry.substr(0, slash), 0);
  if (base.family() == Address::Family::None) return false;
  unsigned bits = base.family() == Address::Family::V4 ? 32 : 128;
  if (slash != std::string_view::npos) {
    const std::string_view digits = entry.substr(slash + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
    if (error != std::errc() || end != digits.data() + digits.size()) return false;
  }
  return samePrefix(address, base, bits);
}

bool matchesName(std::string_view entry, std::string_view host) {
  if (entry.starts_with("*.")) entry.remove_prefix(1);
  if (entry.starts_with('.')) entry.remove_prefix(1);
  if (entry.ends_with('.')) entry.remove_suffix(1);
  if (entry.empty() || host.size() < entry.size()) return false;
  const std::size_t start = host.size() - entry.size();
  return equalsIgnoringCase(host.substr(start), entry) && (start == 0 || host[start - 1] == '.');
}

bool isExcepted(const Url& url, std::string_view list) {
  std::string_view host = url.host;
  if (host.ends_with('.')) host.remove_suffix(1);
  const Address address = Address::parse(host, 0);
  const std::vector<std::string_view> entries = entriesOf(list);
  return std::any_of(entries.begin(), entries.end(), [&](std::string_view entry) {
    if (entry == "*") return true;
    if (!takePort(entry, url.port)) return false;
    return address.family() == Address::Family::None ? matchesName(entry, host)
                                                     : matchesAddress(entry, address);
  });
}

bool isThisMachine(const Url& url) {
  std::string_view host = url.host;
  if (host.ends_with('.')) host.remove_suffix(1);
  return url.unixSocket.family() == Address::Family::Unix || matchesName("localhost", host) ||
         Address::parse(host, 0).isLoopback();
}

}  // namespace

std::string Proxy::name() const {
  return bracketed(host) + ':' + std::to_string(port);
}

Proxy parseProxy(std::string_view text) {
  const bool hasScheme = text.find("://") != std::string_view::npos;
  const std::string full = (hasScheme ? "" : "http://") + std::string(text);
  if (equalsIgnoringCase(std::string_view(full).substr(0, 7), "http://")) {
    try {
      const Url url = parseUrl(full);
      if (url.target == "/") return {url.host, url.port, url.credentials};
    } catch (const SyntaxError&) {
    }
  }
  // Without what was given, which may hold a password.
  throw SyntaxError("the proxy is not of the form http://user:password@host:port");
}

std::string connectHead(const Proxy& proxy, const Url& url) {
  const std::string server = authorityWithPort(url);
  std::string head = "CONNECT " + server + " HTTP/1.1\r\nHost: " + server + "\r\n";
  if (!proxy.credentials.empty()) {
    head += "Proxy-Authorization: Basic " + base64Encode(asBytes(proxy.credentials)) + "\r\n";
  }
  return head + "\r\n";
}

std::string chooseProxy(const Url& url, const Function<std::string(const char*)>& variable) {
  const auto first = [&variable](std::initializer_list<const char*> names) {
    for (const char* name : names) {
      if (std::string value = variable(name); !value.empty()) return value;
    }
    return std::string();
  };
  if (isThisMachine(url) || isExcepted(url, first({"no_proxy", "NO_PROXY"}))) return {};
  return url.secure ? first({"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"})
                    : first({"http_proxy", "all_proxy", "ALL_PROXY"});
}

}  // namespace duplex::websocket
