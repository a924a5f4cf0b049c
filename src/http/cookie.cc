#include "http/cookie.h"

#include <algorithm>
#include <stdexcept>

#include "http/ascii.h"
#include "http/date.h"
#include "protocol/handshake.h"

namespace duplex::http {

namespace {

// cookie-octet (RFC 6265 §4.1.1)
bool isCookieOctet(char c) noexcept {
  return c > ' ' && c < '\x7f' && c != '"' && c != ',' && c != ';' && c != '\\';
}

// path-value and domain-value: any character but controls and `;`
bool isAttributeOctet(char c) noexcept {
  return c >= ' ' && c < '\x7f' && c != ';';
}

void check(bool fine, const char* what) {
  if (!fine) throw std::invalid_argument(std::string("cookie: ") + what);
}

bool isCookieValue(std::string_view value) noexcept {
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
    value = value.substr(1, value.size() - 2);
  }
  return std::all_of(value.begin(), value.end(), isCookieOctet);
}

}  // namespace

void parseCookies(std::string_view header, std::vector<Field>& cookies) {
  while (!header.empty()) {
    std::string_view value = splitFront(header, ';');
    if (value.find('=') == std::string_view::npos) continue;
    const std::string_view name = trim(splitFront(value, '='));
    value = trim(value);
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
      value = value.substr(1, value.size() - 2);
    }
    if (!name.empty()) cookies.push_back({name, value});
  }
}

std::string makeCookie(std::string_view name, std::string_view value, const CookieOptions& options) {
  const auto attribute = [](std::string_view text) {
    return std::all_of(text.begin(), text.end(), isAttributeOctet);
  };
  check(protocol::isToken(name), "the name is not a token");
  check(isCookieValue(value), "the value has characters that must be encoded");
  check(attribute(options.path) && attribute(options.domain), "path or domain has a control or a semicolon");
  const std::string& sameSite = options.sameSite;
  check(sameSite.empty() || sameSite == "Strict" || sameSite == "Lax" || sameSite == "None",
        "SameSite is Strict, Lax or None");
  check(sameSite != "None" || options.secure, "SameSite=None without Secure is dropped by browsers");

  std::string cookie(name);
  cookie.append("=").append(value);
  if (!options.path.empty()) cookie.append("; Path=").append(options.path);
  if (!options.domain.empty()) cookie.append("; Domain=").append(options.domain);
  if (options.maxAge.count() >= 0) {
    cookie.append("; Max-Age=").append(std::to_string(options.maxAge.count()));
    // Max-Age=0 is not understood by all; a date that has passed is.
    if (options.maxAge.count() == 0) cookie.append("; Expires=").append(formatDate(0));
  }
  if (options.httpOnly) cookie.append("; HttpOnly");
  if (options.secure) cookie.append("; Secure");
  if (!sameSite.empty()) cookie.append("; SameSite=").append(sameSite);
  return cookie;
}

}  // namespace duplex::http
