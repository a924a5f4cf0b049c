#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "check/case.h"

namespace duplex::check {

/// All cases, by family and number. Made by the first call; from one thread.
const std::vector<Case>& catalogue();
/// Those for `role` whose id begins with the numbers of `pattern` ("6", "6.2", "6.2.7"), whose group or title
/// has it in it, or that match it with `*` for any characters; all if it is empty.
std::vector<const Case*> selectCases(Role role, std::string_view pattern = {});
std::string nameOfFamily(unsigned family);

/// Adds the cases of one family: the groups in turn, and to each its cases.
class Family {
 public:
  Family(std::vector<Case>& cases, unsigned number) : cases_(cases), number_(number) {}

  /// What is added from now on belongs to it.
  void group(std::string title, std::string section, Level level = Level::Must, Roles roles = Roles::Both);
  /// The reference is valid until the next call.
  Case& add(std::string title, std::vector<Step> send = {}, std::vector<Item> expected = {},
            Ending ending = goodbye());

 private:
  std::vector<Case>& cases_;
  const unsigned number_;
  unsigned groups_ = 0;
  unsigned added_ = 0;
  std::string title_;
  std::string section_;
  Level level_ = Level::Must;
  Roles roles_ = Roles::Both;
};

inline Item textItem(Payload payload) {
  return {Item::Kind::Text, std::move(payload)};
}
inline Item binaryItem(Payload payload) {
  return {Item::Kind::Binary, std::move(payload)};
}
inline Item pongItem(Payload payload) {
  return {Item::Kind::Pong, std::move(payload)};
}

/// A message in frames of the given payloads, the first of them with `first` as opcode.
std::vector<Step> fragments(unsigned first, const std::vector<std::string>& payloads);

// One function a family, each in its own file.
void addOpening(std::vector<Case>& cases);
void addFraming(std::vector<Case>& cases);
void addPings(std::vector<Case>& cases);
void addReserved(std::vector<Case>& cases);
void addFragments(std::vector<Case>& cases);
void addUtf8(std::vector<Case>& cases);
void addCloses(std::vector<Case>& cases);
void addMasking(std::vector<Case>& cases);
void addLimits(std::vector<Case>& cases);
void addNegotiation(std::vector<Case>& cases);
void addCompression(std::vector<Case>& cases);

// The parts of the first: of a server and of a client.
void addServerOpening(Family& family);
void addClientOpening(Family& family);

}  // namespace duplex::check
