#include "check/catalogue.h"

#include <fmt/format.h>

#include <algorithm>

namespace duplex::check {
namespace {

bool matches(std::string_view text, std::string_view pattern) {
  if (pattern.empty()) return text.empty();
  if (pattern.front() == '*') {
    return matches(text, pattern.substr(1)) || (!text.empty() && matches(text.substr(1), pattern));
  }
  return !text.empty() && text.front() == pattern.front() && matches(text.substr(1), pattern.substr(1));
}

bool isChosen(const Case& each, std::string_view pattern) {
  if (pattern.empty() || each.id == pattern) return true;
  if (each.id.starts_with(std::string(pattern) + '.')) return true;
  if (pattern.find('*') != std::string_view::npos)
    return matches(each.id, pattern) || matches(each.title, pattern);
  const bool isNumber = pattern.find_first_not_of("0123456789.") == std::string_view::npos;
  return !isNumber &&
         (each.title.find(pattern) != std::string::npos || each.group.find(pattern) != std::string::npos);
}

}  // namespace

const std::vector<Case>& catalogue() {
  static const std::vector<Case> all = [] {
    std::vector<Case> cases;
    addOpening(cases);
    addFraming(cases);
    addPings(cases);
    addReserved(cases);
    addFragments(cases);
    addUtf8(cases);
    addCloses(cases);
    addMasking(cases);
    addLimits(cases);
    addNegotiation(cases);
    addCompression(cases);
    return cases;
  }();
  return all;
}

std::vector<const Case*> selectCases(Role role, std::string_view pattern) {
  std::vector<const Case*> chosen;
  for (const Case& each : catalogue()) {
    if (each.isFor(role) && isChosen(each, pattern)) chosen.push_back(&each);
  }
  return chosen;
}

std::string nameOfFamily(unsigned family) {
  static constexpr const char* names[] = {"Opening handshake",
                                          "Framing",
                                          "Pings and Pongs",
                                          "Reserved bits",
                                          "Opcodes",
                                          "Fragmentation",
                                          "UTF-8",
                                          "Closing",
                                          "Masking",
                                          "Limits and performance",
                                          "Cut into frames",
                                          "Extensions agreed on",
                                          "Compression by size",
                                          "Compression by parameters"};
  return family < std::size(names) ? names[family] : "";
}

void Family::group(std::string title, std::string section, Level level, Roles roles) {
  ++groups_;
  added_ = 0;
  title_ = std::move(title);
  section_ = std::move(section);
  level_ = level;
  roles_ = roles;
}

Case& Family::add(std::string title, std::vector<Step> send, std::vector<Item> expected, Ending ending) {
  Case& made = cases_.emplace_back();
  made.id = fmt::format("{}.{}.{}", number_, groups_, ++added_);
  made.group = title_;
  made.title = std::move(title);
  made.section = section_;
  made.level = level_;
  made.roles = roles_;
  made.send = std::move(send);
  made.expected = std::move(expected);
  made.ending = std::move(ending);
  return made;
}

void addOpening(std::vector<Case>& cases) {
  Family family(cases, 0);
  addServerOpening(family);
  addClientOpening(family);
}

std::vector<Step> fragments(unsigned first, const std::vector<std::string>& payloads) {
  std::vector<Step> steps;
  for (std::size_t i = 0; i < payloads.size(); ++i) {
    Frame part = frame(i == 0 ? first : 0, payloads[i]);
    part.fin = i + 1 == payloads.size();
    steps.emplace_back(std::move(part));
  }
  return steps;
}

}  // namespace duplex::check
