// The table of cases: that it can be right.
#include "check/catalogue.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <string>

#include "base/bytes.h"
#include "protocol/utf8.h"

using namespace duplex;
using namespace duplex::check;

TEST_CASE("each case has a number of its own, a sentence and a section") {
  std::set<std::string> ids;
  std::set<std::string> sentences;
  for (const Case& each : catalogue()) {
    CAPTURE(each.id);
    CHECK(ids.insert(each.id).second);
    CHECK(sentences.insert(each.group + ": " + each.title + (each.isFor(Role::Server) ? "S" : "C")).second);
    CHECK(!each.group.empty());
    CHECK(!each.title.empty());
    CHECK(each.section.starts_with("RFC "));
    CHECK(!nameOfFamily(each.family()).empty());
  }
  CHECK(ids.size() > 700);
}

TEST_CASE("what is expected could be sent") {
  for (const Case& each : catalogue()) {
    CAPTURE(each.id);
    for (const Item& item : each.expected) {
      const std::string bytes = item.payload.bytes();
      if (item.kind == Item::Kind::Text) CHECK(protocol::isValidUtf8(asBytes(bytes)));
      if (item.kind == Item::Kind::Pong) CHECK(bytes.size() <= protocol::maxControlPayload);
    }
    const bool refused = each.opening.expect == Opening::Expect::Refusal;
    if (refused) CHECK(each.send.empty());
    if (each.ending.kind == Ending::Kind::Close) {
      CHECK(std::any_of(each.send.begin(), each.send.end(), [](const Step& step) {
        const auto* sent = std::get_if<Frame>(&step);
        return sent != nullptr && sent->opcode == 0x8;
      }));
    }
    // What is awaited can come.
    for (const Step& step : each.send) {
      if (const auto* await = std::get_if<Await>(&step)) CHECK(await->items <= each.expected.size());
    }
  }
}

TEST_CASE("every family has cases for both roles, but what is one's own") {
  for (const Role role : {Role::Server, Role::Client}) {
    std::set<unsigned> families;
    for (const Case* each : selectCases(role)) families.insert(each->family());
    CHECK(families.size() == 14);
  }
}

TEST_CASE("cases are chosen by number, by word and by pattern") {
  CHECK(selectCases(Role::Server).size() > 500);
  CHECK(selectCases(Role::Client).size() > 500);
  CHECK(selectCases(Role::Server, "3.1.1").size() == 1);
  for (const Case* each : selectCases(Role::Server, "1")) CHECK(each->family() == 1);
  for (const Case* each : selectCases(Role::Server, "6.2")) CHECK(each->id.starts_with("6.2."));
  CHECK(selectCases(Role::Server, "surrogate").size() > 3);
  CHECK(selectCases(Role::Server, "7.*").size() == selectCases(Role::Server, "7").size());
  CHECK(selectCases(Role::Server, "no such case").empty());
  CHECK(selectCases(Role::Client, "without a mask").empty());
}
