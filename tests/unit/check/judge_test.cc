// What each answer is worth.
#include "check/judge.h"

#include <doctest/doctest.h>

#include <string>

#include "check/case.h"
#include "check/catalogue.h"
#include "check/record.h"

using namespace duplex;
using namespace duplex::check;

namespace {

Record open() {
  Record record;
  record.status = 101;
  record.opened = true;
  record.weSaidClose = true;
  record.end = Record::End::Fin;
  return record;
}

Record& say(Record& record, Heard::Kind kind, std::string payload) {
  record.heard.push_back({.kind = kind, .payload = std::move(payload)});
  return record;
}

Record& sayClose(Record& record, std::uint16_t code, bool first = false) {
  record.heard.push_back({.kind = Heard::Kind::Close, .code = code});
  record.heardClose = true;
  record.closeCode = code;
  record.closedFirst = first;
  return record;
}

Verdict verdictOf(const Case& asked, const Record& record, Role role = Role::Server) {
  return judge(asked, role, record).verdict;
}

Case echo() {
  Case made;
  made.id = "1.1.1";
  made.section = "RFC 6455 §5.2";
  made.send = {text("a"), ping("p"), text("b")};
  made.expected = {textItem("a"), pongItem("p"), textItem("b")};
  return made;
}

Case mistake() {
  Case made;
  made.id = "3.1.1";
  made.section = "RFC 6455 §5.2";
  made.send = {text("a"), text("b").reserved(1)};
  made.expected = {textItem("a")};
  made.ending = failure(1002);
  return made;
}

}  // namespace

TEST_CASE("an echo is the same messages, with Pongs, and an answer to our Close") {
  const auto said = [](std::initializer_list<std::pair<Heard::Kind, const char*>> all) {
    Record record = open();
    for (const auto& [kind, payload] : all) say(record, kind, payload);
    return sayClose(record, 1000);
  };
  using Kind = Heard::Kind;
  CHECK(verdictOf(echo(), said({{Kind::Text, "a"}, {Kind::Pong, "p"}, {Kind::Text, "b"}})) == Verdict::Pass);
  // Earlier than it need be, with Pings and Pongs of its own.
  CHECK(verdictOf(echo(), said({{Kind::Pong, "p"},
                                {Kind::Ping, "x"},
                                {Kind::Text, "a"},
                                {Kind::Pong, "y"},
                                {Kind::Text, "b"}})) == Verdict::Pass);
  CHECK(verdictOf(echo(), said({{Kind::Text, "a"}, {Kind::Text, "b"}, {Kind::Pong, "p"}})) ==
        Verdict::NonStrict);
  CHECK(verdictOf(echo(), said({{Kind::Text, "a"}, {Kind::Text, "b"}})) == Verdict::Fail);
  CHECK(verdictOf(echo(), said({{Kind::Text, "a"}, {Kind::Pong, "q"}, {Kind::Text, "b"}})) == Verdict::Fail);
  CHECK(verdictOf(echo(), said({{Kind::Text, "b"}, {Kind::Pong, "p"}, {Kind::Text, "a"}})) == Verdict::Fail);
  CHECK(verdictOf(echo(), said({{Kind::Text, "a"}, {Kind::Pong, "p"}, {Kind::Binary, "b"}})) ==
        Verdict::Fail);
  CHECK(verdictOf(echo(), said({{Kind::Text, "a"}, {Kind::Pong, "p"}})) == Verdict::Fail);
  CHECK(
      verdictOf(echo(), said({{Kind::Text, "a"}, {Kind::Pong, "p"}, {Kind::Text, "b"}, {Kind::Text, "c"}})) ==
      Verdict::Fail);
}

TEST_CASE("the last of several Pings may be answered for all") {
  Case asked = echo();
  asked.expected = {pongItem("1"), pongItem("2"), pongItem("3")};
  Record all = open();
  for (const char* each : {"1", "2", "3"}) say(all, Heard::Kind::Pong, each);
  CHECK(verdictOf(asked, sayClose(all, 1000)) == Verdict::Pass);
  Record last = open();
  CHECK(verdictOf(asked, sayClose(say(last, Heard::Kind::Pong, "3"), 1000)) == Verdict::Pass);
  Record first = open();
  CHECK(verdictOf(asked, sayClose(say(first, Heard::Kind::Pong, "1"), 1000)) == Verdict::Fail);
}

TEST_CASE("who fails the connection, and how") {
  const auto after = [](std::uint16_t code, bool echoed = true) {
    Record record = open();
    record.weSaidClose = false;
    if (echoed) say(record, Heard::Kind::Text, "a");
    return sayClose(record, code, true);
  };
  CHECK(verdictOf(mistake(), after(1002)) == Verdict::Pass);
  CHECK(verdictOf(mistake(), after(1000)) == Verdict::NonStrict);
  CHECK(verdictOf(mistake(), after(1002, false)) == Verdict::NonStrict);
  Record silent = open();
  CHECK(verdictOf(mistake(), say(silent, Heard::Kind::Text, "a")) == Verdict::NonStrict);
  Record took = open();
  say(say(took, Heard::Kind::Text, "a"), Heard::Kind::Text, "b");
  CHECK(verdictOf(mistake(), sayClose(took, 1002, true)) == Verdict::Fail);
  Record wentOn = after(1002);
  wentOn.wentOn = true;
  CHECK(verdictOf(mistake(), wentOn) == Verdict::Fail);
  Record answered = open();
  answered.weAsked = true;
  say(answered, Heard::Kind::Text, "a");
  CHECK(verdictOf(mistake(), sayClose(answered, 1000)) == Verdict::Fail);
  Record stuck = open();
  stuck.end = Record::End::None;
  stuck.timedOut = true;
  CHECK(verdictOf(mistake(), stuck) == Verdict::Fail);
  Case late = mistake();
  Record lingered = after(1002);
  lingered.lingered = true;
  CHECK(verdictOf(late, lingered) == Verdict::NonStrict);
}

TEST_CASE("a Close is to be answered, and TCP to end") {
  Case asked;
  asked.id = "7.1.1";
  asked.section = "RFC 6455 §5.5.1";
  asked.send = {check::close(1000)};
  asked.ending = closing({1000});
  Record good = open();
  CHECK(verdictOf(asked, sayClose(good, 1000)) == Verdict::Pass);
  Record other = open();
  CHECK(verdictOf(asked, sayClose(other, 1001)) == Verdict::Info);
  CHECK(verdictOf(asked, open()) == Verdict::Fail);
  Record hanging = open();
  hanging.end = Record::End::None;
  CHECK(verdictOf(asked, sayClose(hanging, 1000)) == Verdict::Fail);
  CHECK(verdictOf(asked, hanging, Role::Client) == Verdict::Pass);
  Record reset = open();
  reset.end = Record::End::Reset;
  CHECK(verdictOf(asked, sayClose(reset, 1000)) == Verdict::Pass);
  asked.ending.clean = true;
  CHECK(verdictOf(asked, reset) == Verdict::NonStrict);
}

TEST_CASE("the handshake comes before all else") {
  Case asked = echo();
  Record refused;
  refused.status = 400;
  refused.end = Record::End::Fin;
  CHECK(verdictOf(asked, refused) == Verdict::Fail);
  asked.opening.expect = Opening::Expect::Refusal;
  CHECK(verdictOf(asked, refused) == Verdict::Pass);
  refused.status = 101;
  CHECK(verdictOf(asked, refused) == Verdict::Fail);
  asked.opening.otherwise = Verdict::NonStrict;
  CHECK(verdictOf(asked, refused) == Verdict::NonStrict);
  refused.status = 0;
  CHECK(verdictOf(asked, refused) == Verdict::NonStrict);
  refused.end = Record::End::None;
  CHECK(verdictOf(asked, refused) == Verdict::Fail);
  refused.badHead = "wrong";
  refused.badHeadSection = "RFC 6455 §4.4";
  CHECK(judge(asked, Role::Server, refused).section == "RFC 6455 §4.4");
  Record notRun;
  notRun.notRun = "no compression";
  CHECK(verdictOf(asked, notRun) == Verdict::NotRun);
  Record malformed = open();
  malformed.malformed = "a pong of 126 bytes";
  malformed.malformedSection = "RFC 6455 §5.5";
  CHECK(verdictOf(echo(), malformed) == Verdict::Fail);
}

TEST_CASE("of many parts a person is told the first and the last") {
  Case asked = echo();
  asked.send.clear();
  for (int i = 1; i <= 9; ++i) {
    asked.send.emplace_back(text(std::to_string(i)));
    asked.send.emplace_back(Await{static_cast<std::size_t>(i)});
  }
  const auto sent = [&] { return judge(asked, Role::Server, open()).sent; };
  CHECK(sent() == R"(text "1", text "2", text "3", text "4", text "5", text "6", … 2 more …, text "9")");
  asked.send.resize(16);
  CHECK(sent() == R"(text "1", text "2", text "3", text "4", text "5", text "6", text "7", text "8")");
}
