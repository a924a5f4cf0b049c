#include "check/head.h"

#include <algorithm>
#include <charconv>

#include "base/ascii.h"
#include "protocol/header_list.h"

namespace duplex::check {
namespace {

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

auto called(std::string_view name) {
  return [name](const Head::Field& field) { return equalsIgnoringCase(field.first, name); };
}

// The next line without its end; nothing if it does not end.
std::optional<std::string_view> takeLine(std::string_view& text) {
  const std::size_t end = text.find("\r\n");
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 2);
  return line;
}

}  // namespace

Head Head::startingWith(std::string line) const {
  return {std::move(line), fields};
}

Head Head::without(std::string_view name) const {
  Head changed = *this;
  std::erase_if(changed.fields, called(name));
  return changed;
}

Head Head::adding(std::string name, std::string value) const {
  Head changed = *this;
  changed.fields.emplace_back(std::move(name), std::move(value));
  return changed;
}

Head Head::setting(const std::string& name, std::initializer_list<std::string> values) const {
  Head changed = without(name);
  for (const std::string& value : values) changed.fields.emplace_back(name, value);
  return changed;
}

std::string Head::bytes() const {
  std::string text = start + "\r\n";
  for (const auto& [name, value] : fields) text.append(name).append(": ").append(value).append("\r\n");
  return text.append("\r\n");
}

std::size_t Head::count(std::string_view name) const {
  return static_cast<std::size_t>(std::count_if(fields.begin(), fields.end(), called(name)));
}

const std::string* Head::value(std::string_view name) const {
  const auto found = std::find_if(fields.begin(), fields.end(), called(name));
  return found == fields.end() ? nullptr : &found->second;
}

std::string Head::list(std::string_view name) const {
  std::string all;
  for (const Field& field : fields) {
    if (!called(name)(field)) continue;
    if (!all.empty()) all += ", ";
    all += field.second;
  }
  return all;
}

bool Head::hasToken(std::string_view name, std::string_view token) const {
  return protocol::hasToken(list(name), token);
}

int Head::status() const {
  const std::size_t space = start.find(' ');
  int status = 0;
  if (start.compare(0, 5, "HTTP/") != 0 || space == std::string::npos) return 0;
  std::from_chars(start.data() + space + 1, start.data() + start.size(), status);
  return status;
}

const Head& goodRequest() {
  static const Head head{"GET {target} HTTP/1.1",
                         {{"Host", "{host}"},
                          {"Upgrade", "websocket"},
                          {"Connection", "Upgrade"},
                          {"Sec-WebSocket-Key", "{key}"},
                          {"Sec-WebSocket-Version", "13"}}};
  return head;
}

const Head& goodResponse() {
  static const Head head{
      "HTTP/1.1 101 Switching Protocols",
      {{"Upgrade", "websocket"}, {"Connection", "Upgrade"}, {"Sec-WebSocket-Accept", "{accept}"}}};
  return head;
}

std::optional<Head> parseHead(std::string_view text) {
  Head head;
  const auto start = takeLine(text);
  if (!start || start->empty()) return std::nullopt;
  head.start = *start;
  for (;;) {
    const auto line = takeLine(text);
    if (!line) return std::nullopt;
    if (line->empty()) return head;
    const std::size_t colon = line->find(':');
    if (colon == std::string_view::npos || !protocol::isToken(line->substr(0, colon))) return std::nullopt;
    head.fields.emplace_back(line->substr(0, colon), trim(line->substr(colon + 1)));
  }
}

std::string fill(std::string text,
                 std::initializer_list<std::pair<std::string_view, std::string_view>> values) {
  for (const auto& [name, value] : values) {
    const std::string mark = '{' + std::string(name) + '}';
    for (std::size_t at = 0; (at = text.find(mark, at)) != std::string::npos; at += value.size()) {
      text.replace(at, mark.size(), value);
    }
  }
  return text;
}

}  // namespace duplex::check
