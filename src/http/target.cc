#include "http/target.h"

#include <boost/url/authority_view.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <algorithm>

#include "http/ascii.h"

namespace duplex::http {

namespace {

namespace urls = boost::urls;

std::string_view plain(boost::core::string_view text) noexcept {
  return {text.data(), text.size()};
}

bool mayStandInTarget(char c) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return byte > 0x20 && byte != 0x7f && c != '#';
}

bool isHttpScheme(std::string_view scheme) noexcept {
  return equalsIgnoringCase(scheme, "http") || equalsIgnoringCase(scheme, "https") ||
         equalsIgnoringCase(scheme, "ws") || equalsIgnoringCase(scheme, "wss");
}

void splitOrigin(std::string_view origin, Target& parts) noexcept {
  parts.origin = origin;
  parts.query = origin;
  parts.path = splitFront(parts.query, '?');
}

// The characters that a host of letters, digits, dots and hyphens has, and a port: nearly all hosts.
bool isPlainHost(std::string_view host) noexcept {
  return std::all_of(host.begin(), host.end(), [](char c) {
    const char lower = toLower(c);
    return (lower >= 'a' && lower <= 'z') || isDigit(c) || c == '.' || c == '-' || c == '_';
  });
}

bool isPort(std::string_view port) noexcept {
  return port.size() <= 5 && std::all_of(port.begin(), port.end(), isDigit);
}

}  // namespace

bool parseTarget(std::string_view method, std::string_view target, Target& parts, std::string& made) {
  parts = {};
  if (!std::all_of(target.begin(), target.end(), mayStandInTarget)) return false;
  if (target.starts_with('/')) {
    splitOrigin(target, parts);
    return true;
  }
  if (target == "*") {
    parts.origin = parts.path = target;
    return method == "OPTIONS";
  }
  const auto url = urls::parse_absolute_uri(target);
  if (url.has_error() || !url->has_authority() || url->has_userinfo()) return false;
  if (!isHttpScheme(plain(url->scheme())) || url->encoded_host().empty()) return false;
  parts.authority = plain(url->encoded_host_and_port());
  const std::size_t end =
      static_cast<std::size_t>(parts.authority.data() - target.data()) + parts.authority.size();
  const std::string_view rest = target.substr(end);
  // (Boost.URL 1.81 ends a port where its digits end.)
  if (!rest.empty() && rest.front() != '/' && rest.front() != '?') return false;
  splitOrigin(rest, parts);
  if (parts.path.empty()) parts.path = parts.origin = "/";
  if (!rest.empty() && rest.front() == '?') {
    made.assign(1, '/');
    made += rest;
    parts.origin = made;
  }
  return true;
}

bool isHost(std::string_view host) noexcept {
  std::string_view port = host;
  if (const std::string_view name = splitFront(port, ':'); isPlainHost(name) && isPort(port)) {
    return !name.empty() || host.empty();
  }
  const auto authority = urls::parse_authority(host);
  return !authority.has_error() && !authority->has_userinfo() && !authority->encoded_host().empty() &&
         isPort(plain(authority->port()));
}

}  // namespace duplex::http
