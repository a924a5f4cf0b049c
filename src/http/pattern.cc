#include "http/pattern.h"

#include <algorithm>
#include <mutex>
#include <stdexcept>
#include <unordered_set>

#include "http/ascii.h"
#include "http/percent.h"

namespace duplex::http {

namespace {

bool isNameCharacter(char c) noexcept {
  const char lower = toLower(c);
  return (lower >= 'a' && lower <= 'z') || isDigit(c) || c == '_';
}

[[noreturn]] void refuse(std::string_view pattern, const char* why) {
  throw std::invalid_argument("route \"" + std::string(pattern) + "\": " + why);
}

// Requests, which show these names, may outlive the routes. There are no more of them than a program
// has different names of parameters.
std::string_view keepForGood(std::string_view name) {
  static std::mutex mutex;
  static auto& names = *new std::unordered_set<std::string>;
  const std::lock_guard lock(mutex);
  return *names.emplace(name).first;
}

bool isLiteral(std::string_view segment, std::string_view literal) {
  if (segment.find('%') == std::string_view::npos) return equalsIgnoringCase(segment, literal);
  std::string decoded;
  return percentDecode(segment, decoded) && equalsIgnoringCase(decoded, literal);
}

// A parameter's value: as it stands in the path, or decoded into `decoded`.
bool readValue(std::string_view text, std::string_view& value, std::forward_list<std::string>& decoded) {
  value = text;
  if (text.find('%') == std::string_view::npos) return true;
  std::string plain;
  if (!percentDecode(text, plain)) return false;
  value = decoded.emplace_front(std::move(plain));
  return true;
}

}  // namespace

Pattern::Pattern(std::string_view pattern, Extent extent) : text_(pattern), extent_(extent) {
  std::string_view rest = pattern;
  if (rest.starts_with('/')) rest.remove_prefix(1);
  if (rest.ends_with('/')) rest.remove_suffix(1);
  while (!rest.empty()) {
    std::string_view part = splitFront(rest, '/');
    Segment segment{Segment::Kind::Literal, {}, {}};
    if (part == "*") {
      segment.kind = Segment::Kind::Rest;
      segment.name = "*";
    } else if (part.starts_with(':')) {
      segment.kind = part.ends_with('?') ? Segment::Kind::Optional : Segment::Kind::Parameter;
      part.remove_prefix(1);
      if (segment.kind == Segment::Kind::Optional) part.remove_suffix(1);
      if (part.empty() || !std::all_of(part.begin(), part.end(), isNameCharacter)) {
        refuse(pattern, "a parameter's name is of letters, digits and _");
      }
      segment.name = keepForGood(part);
    } else {
      if (part.find('*') != std::string_view::npos) refuse(pattern, "* must be a segment of its own");
      std::transform(part.begin(), part.end(), std::back_inserter(segment.text), toLower);
    }
    const bool last = rest.empty();
    if (!last && (segment.kind == Segment::Kind::Rest || segment.kind == Segment::Kind::Optional)) {
      refuse(pattern, "* and an optional parameter must be the last segment");
    }
    segments_.push_back(std::move(segment));
  }
}

Pattern::Result Pattern::match(std::string_view path, std::size_t& matched, std::vector<Field>& params,
                               std::forward_list<std::string>& decoded) const {
  const std::size_t paramsBefore = params.size();
  const auto give = [&](Result result) {
    if (result != Result::Yes) params.resize(paramsBefore);
    return result;
  };
  // `at` stands on the slash before the next segment, or at the end.
  std::size_t at = 0;
  bool badEscape = false;
  for (const Segment& segment : segments_) {
    const bool more = at < path.size() && path[at] == '/';
    if (segment.kind == Segment::Kind::Rest) {
      if (!more) return give(Result::No);
      std::string_view value;
      badEscape |= !readValue(path.substr(at + 1), value, decoded);
      params.push_back({segment.name, value});
      at = path.size();
      break;
    }
    const std::size_t end = more ? std::min(path.find('/', at + 1), path.size()) : at;
    const std::string_view part = more ? path.substr(at + 1, end - at - 1) : std::string_view();
    if (segment.kind == Segment::Kind::Optional && part.empty()) break;
    if (part.empty()) return give(Result::No);
    if (segment.kind == Segment::Kind::Literal) {
      if (!isLiteral(part, segment.text)) return give(Result::No);
    } else {
      std::string_view value;
      badEscape |= !readValue(part, value, decoded);
      params.push_back({segment.name, value});
    }
    at = end;
  }
  const std::string_view rest = path.substr(at);
  if (extent_ == Extent::Whole && !rest.empty() && rest != "/") return give(Result::No);
  matched = at;
  return give(badEscape ? Result::BadEscape : Result::Yes);
}

}  // namespace duplex::http
