#include "http/header_block.h"

#include <algorithm>
#include <functional>
#include <stdexcept>

#include "http/ascii.h"
#include "protocol/handshake.h"

namespace duplex::http {

namespace {

void check(std::string_view name, std::string_view value) {
  if (!protocol::isToken(name)) throw std::invalid_argument("header name is not a token");
  const auto breaks = [](char c) { return c == '\r' || c == '\n' || c == '\0'; };
  if (std::any_of(value.begin(), value.end(), breaks)) {
    throw std::invalid_argument("CR, LF or NUL in the value of " + std::string(name));
  }
}

}  // namespace

// The start of the first line of that name at or after `from`, which is the start of a line.
std::size_t HeaderBlock::find(std::string_view name, std::size_t from) const noexcept {
  while (from < lines_.size()) {
    const std::string_view rest = std::string_view(lines_).substr(from);
    if (rest.size() > name.size() && rest[name.size()] == ':' &&
        equalsIgnoringCase(rest.substr(0, name.size()), name)) {
      return from;
    }
    from += rest.find('\n') + 1;
  }
  return std::string::npos;
}

void HeaderBlock::set(std::string_view name, std::string_view value) {
  check(name, value);
  if (!has(name)) return add(name, value);
  const std::string copy(value);  // it may be a view into a line that is about to go
  remove(name);
  add(name, copy);
}

void HeaderBlock::append(std::string_view name, std::string_view value) {
  check(name, value);
  add(name, value);
}

void HeaderBlock::add(std::string_view name, std::string_view value) {
  const std::size_t before = lines_.size();
  // A view into the lines would not outlive their growth.
  const std::less_equal<> order;
  if (order(lines_.data(), value.data()) && order(value.data(), lines_.data() + before)) {
    return add(name, std::string(value));
  }
  lines_.reserve(before + name.size() + value.size() + 4);
  lines_.append(name).append(": ").append(value).append("\r\n");
}

void HeaderBlock::remove(std::string_view name) noexcept {
  for (std::size_t at = find(name, 0); at != std::string::npos; at = find(name, at)) {
    lines_.erase(at, lines_.find('\n', at) + 1 - at);
  }
}

std::string_view HeaderBlock::get(std::string_view name) const noexcept {
  const std::size_t at = find(name, 0);
  if (at == std::string::npos) return {};
  const std::size_t start = at + name.size() + 2;
  return std::string_view(lines_).substr(start, lines_.find('\r', start) - start);
}

bool HeaderBlock::has(std::string_view name) const noexcept {
  return find(name, 0) != std::string::npos;
}

}  // namespace duplex::http
