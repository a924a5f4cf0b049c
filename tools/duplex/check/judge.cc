#include "check/judge.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <vector>

namespace duplex::check {
namespace {

constexpr std::size_t shownItems = 8;

struct Finding {
  Verdict verdict = Verdict::Pass;
  std::string why{};
  std::string section{};
};

bool isData(Heard::Kind kind) {
  return kind == Heard::Kind::Text || kind == Heard::Kind::Binary;
}

std::string nameOf(Heard::Kind kind) {
  switch (kind) {
    case Heard::Kind::Text:
      return "text";
    case Heard::Kind::Binary:
      return "binary";
    case Heard::Kind::Pong:
      return "pong";
    case Heard::Kind::Ping:
      return "ping";
    case Heard::Kind::Close:
      break;
  }
  return "close";
}

std::string nameOfCode(std::uint16_t code) {
  return code == 0 ? "close without a code" : fmt::format("close {}", code);
}

std::string describe(const Heard& heard) {
  if (heard.kind == Heard::Kind::Close) {
    return nameOfCode(heard.code) + (heard.payload.empty() ? "" : ' ' + brief(heard.payload));
  }
  return nameOf(heard.kind) + ' ' + brief(heard.payload);
}

std::string join(const std::vector<std::string>& parts) {
  std::string line;
  for (const std::string& part : parts) line += (line.empty() ? "" : ", ") + part;
  return line;
}

/// `describe` of each of `all`; of many, those at the beginning and the last one.
template <class Each, class Describe>
std::vector<std::string> describeSome(const std::vector<Each>& all, Describe&& describe) {
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all.size() > shownItems && i == shownItems - 2) {
      parts.push_back(fmt::format("… {} more …", all.size() - shownItems + 1));
      i = all.size() - 1;
    }
    parts.push_back(describe(all[i]));
  }
  return parts;
}

std::string codes(const std::vector<std::uint16_t>& all) {
  std::string text;
  for (const std::uint16_t code : all) {
    text += (text.empty() ? "" : " or ") + (code == 0 ? std::string("no code") : fmt::format("{}", code));
  }
  return text;
}

// --- one finding after the other

/// The messages that came, against those that are expected: all of them, or the first few.
struct Messages {
  bool wrong = false;
  bool all = false;
  std::size_t got = 0;
  std::string why{};
};

Messages compareMessages(const Case& asked, const Record& record) {
  Messages result;
  std::vector<const Item*> expected;
  for (const Item& item : asked.expected) {
    if (item.kind != Item::Kind::Pong) expected.push_back(&item);
  }
  for (const Heard& heard : record.heard) {
    if (!isData(heard.kind)) continue;
    if (result.got == expected.size()) {
      return {.wrong = true, .why = "a message came that is none: " + describe(heard)};
    }
    const Item& item = *expected[result.got++];
    const bool sameKind = (item.kind == Item::Kind::Text) == (heard.kind == Heard::Kind::Text);
    if (!sameKind || item.payload.bytes() != heard.payload) {
      return {.wrong = true, .why = "not what was sent came back: " + describe(heard)};
    }
  }
  result.all = result.got == expected.size();
  return result;
}

/// The Pongs, which may stand for several Pings (RFC 6455 §5.5.3) and had better come soon (§5.5.2).
Finding comparePongs(const Case& asked, const Record& record) {
  struct Expected {
    std::string payload;
    std::size_t messagesBefore;
  };
  std::vector<Expected> expected;
  std::size_t messages = 0;
  for (const Item& item : asked.expected) {
    if (item.kind == Item::Kind::Pong) {
      expected.push_back({item.payload.bytes(), messages});
    } else {
      ++messages;
    }
  }
  std::size_t next = 0;
  std::size_t heardMessages = 0;
  bool late = false;
  for (const Heard& heard : record.heard) {
    if (isData(heard.kind)) ++heardMessages;
    if (heard.kind != Heard::Kind::Pong) continue;
    const auto begin = expected.begin() + static_cast<std::ptrdiff_t>(next);
    const auto found = std::find_if(begin, expected.end(),
                                    [&](const Expected& each) { return each.payload == heard.payload; });
    // A Pong that nobody asked for is allowed.
    if (found == expected.end()) continue;
    next = static_cast<std::size_t>(found - expected.begin()) + 1;
    late = late || heardMessages > found->messagesBefore;
  }
  if (next < expected.size()) return {Verdict::Fail, "a Ping was not answered", "RFC 6455 §5.5.2"};
  if (late) return {Verdict::NonStrict, "a Pong came later than it could have", "RFC 6455 §5.5.2"};
  return {};
}

Finding judgeGoodbye(const Case& asked, Role checked, const Record& record) {
  const Messages messages = compareMessages(asked, record);
  if (messages.wrong) return {Verdict::Fail, messages.why};
  if (record.heardClose && record.closedFirst) {
    const auto& allowed = asked.ending.codes;
    const std::string why = "it closed the connection: " + describe(record.heard.back());
    const bool mayRefuse = std::find(allowed.begin(), allowed.end(), record.closeCode) != allowed.end();
    return {mayRefuse ? asked.ending.other : Verdict::Fail, why};
  }
  if (record.end != Record::End::None && !record.heardClose && !record.weSaidClose) {
    return {Verdict::Fail, "it ended the connection"};
  }
  if (!messages.all) return {Verdict::Fail, "a message did not come back"};
  if (Finding pongs = comparePongs(asked, record); pongs.verdict != Verdict::Pass) return pongs;
  if (!record.heardClose) {
    return {Verdict::Fail, "our Close was not answered with one", "RFC 6455 §5.5.1"};
  }
  if (asked.checksMasks && checked == Role::Client) {
    std::set<protocol::MaskKey> different(record.masks.begin(), record.masks.end());
    if (different.size() + 3 < record.masks.size()) return {Verdict::Fail, "frames share a mask"};
  }
  return {};
}

Finding judgeClose(const Case& asked, Role checked, const Record& record) {
  const Ending& ending = asked.ending;
  const Messages messages = compareMessages(asked, record);
  if (messages.wrong) return {Verdict::Fail, messages.why};
  if (!record.heardClose) return {Verdict::Fail, "our Close was not answered with one", "RFC 6455 §5.5.1"};
  if (!messages.all) return {Verdict::Info, "what was sent before the Close did not come back"};
  if (Finding pongs = comparePongs(asked, record); pongs.verdict != Verdict::Pass) return pongs;
  if (checked == Role::Server && record.end == Record::End::None) {
    return {Verdict::Fail, "it did not end TCP after both Closes", "RFC 6455 §7.1.1"};
  }
  if (record.endedFirst) return {Verdict::NonStrict, "it ended TCP before the server did", "RFC 6455 §7.1.1"};
  if (ending.clean && record.end == Record::End::Reset) {
    return {Verdict::NonStrict, "TCP ended with a reset", "RFC 6455 §7.1.1"};
  }
  if (std::find(ending.codes.begin(), ending.codes.end(), record.closeCode) == ending.codes.end()) {
    return {ending.other, "it answered with " + nameOfCode(record.closeCode)};
  }
  return {};
}

Finding judgeFailure(const Case& asked, const Record& record) {
  const Ending& ending = asked.ending;
  // After our question, 1000 is the answer to our own Close.
  const bool onlyAnswered = record.weAsked && record.heardClose && !record.closedFirst &&
                            (record.closeCode == 0 || record.closeCode == 1000);
  if (record.wentOn || onlyAnswered) {
    return {ending.goesOn, "it did not fail the connection, but went on"};
  }
  const Messages messages = compareMessages(asked, record);
  if (messages.wrong) return {ending.goesOn == Verdict::Fail ? Verdict::Fail : ending.goesOn, messages.why};
  if (!record.heardClose && record.end == Record::End::None) {
    return {ending.goesOn, "it did not fail the connection, nor go on"};
  }
  if (record.lingered) return {ending.late, "it failed the connection, but not as soon as it could have"};
  if (!record.heardClose)
    return {ending.silent, "it ended the connection without a Close", "RFC 6455 §7.1.7"};
  if (std::find(ending.codes.begin(), ending.codes.end(), record.closeCode) == ending.codes.end()) {
    return {ending.other, "it failed the connection with " + nameOfCode(record.closeCode), "RFC 6455 §7.4.1"};
  }
  if (!messages.all) return {Verdict::NonStrict, "what was sent before the mistake did not come back"};
  return {};
}

Finding judgeOpening(const Case& asked, const Record& record) {
  const Opening& opening = asked.opening;
  if (!record.badHead.empty()) return {Verdict::Fail, record.badHead, record.badHeadSection};
  if (opening.expect == Opening::Expect::Open) {
    if (record.opened) return {};
    if (record.status == 0) return {opening.otherwise, "it ended the connection without an answer"};
    return {opening.otherwise, fmt::format("it answered {}", record.status)};
  }
  if (record.status == 101) return {opening.otherwise, "it accepted the handshake"};
  if (record.status != 0) return {};
  if (record.end == Record::End::None) return {Verdict::Fail, "it did not answer"};
  return {opening.dropped, "it ended the connection without an answer"};
}

Finding find(const Case& asked, Role checked, const Record& record) {
  if (!record.notRun.empty()) return {Verdict::NotRun, record.notRun};
  if (!record.noConnection.empty()) return {Verdict::Fail, record.noConnection};
  if (!record.overran.empty()) return {Verdict::Fail, record.overran, "--case-timeout"};
  const bool wasRefused = asked.opening.expect == Opening::Expect::Refusal;
  if (Finding opening = judgeOpening(asked, record); opening.verdict != Verdict::Pass || wasRefused)
    return opening;
  if (!record.malformed.empty())
    return {Verdict::Fail, "it sent " + record.malformed, record.malformedSection};
  if (!record.opened) return {};

  Finding finding;
  switch (asked.ending.kind) {
    case Ending::Kind::Goodbye:
      finding = judgeGoodbye(asked, checked, record);
      break;
    case Ending::Kind::Close:
      finding = judgeClose(asked, checked, record);
      break;
    case Ending::Kind::Failure:
      finding = judgeFailure(asked, record);
      break;
  }
  if (finding.verdict == Verdict::Pass && !record.doubtful.empty())
    return {Verdict::NonStrict, "it sent " + record.doubtful, "RFC 6455 §7.4.2"};
  return finding;
}

// --- for a person

std::string describeSent(const Case& asked) {
  std::vector<const Step*> sent;
  for (const Step& step : asked.send) {
    if (!std::holds_alternative<Await>(step)) sent.push_back(&step);
  }
  return join(describeSome(sent, [](const Step* step) { return describe(*step); }));
}

std::string describeExpected(const Case& asked, Role checked) {
  const Opening& opening = asked.opening;
  if (opening.expect == Opening::Expect::Refusal) return "an HTTP error status";
  std::vector<std::string> parts = describeSome(
      asked.expected, [](const Item& item) { return nameOf(item.kind) + ' ' + brief(item.payload.bytes()); });
  if (asked.ending.kind == Ending::Kind::Failure) {
    parts.push_back("fails the connection with " + codes(asked.ending.codes));
  } else if (asked.ending.kind == Ending::Kind::Close) {
    parts.push_back("close " + codes(asked.ending.codes));
    if (checked == Role::Server) parts.push_back("end of TCP");
  } else if (parts.empty()) {
    parts.push_back("an answer to our Close");
  }
  return join(parts);
}

std::string describeGot(const Case& asked, const Record& record) {
  std::vector<std::string> parts;
  if (!record.noConnection.empty()) return record.noConnection;
  if (record.status != 0 && (record.status != 101 || asked.opening.expect == Opening::Expect::Refusal)) {
    parts.push_back(fmt::format("HTTP status {}", record.status));
  }
  const auto heard = describeSome(record.heard, [](const Heard& each) { return describe(each); });
  parts.insert(parts.end(), heard.begin(), heard.end());
  if (!record.malformed.empty()) parts.push_back(record.malformed);
  if (record.end == Record::End::Fin && !record.heardClose) parts.push_back("end of TCP");
  if (record.end == Record::End::Reset) parts.push_back("reset of TCP");
  if (!record.overran.empty()) parts.push_back("and no end");
  if (record.timedOut) parts.push_back("then nothing");
  return parts.empty() ? "nothing" : join(parts);
}

}  // namespace

Result judge(const Case& asked, Role checked, const Record& record) {
  Finding finding = find(asked, checked, record);
  Result result{.asked = &asked, .verdict = finding.verdict, .why = std::move(finding.why)};
  result.section = finding.section.empty() ? asked.section : finding.section;
  result.milliseconds = record.milliseconds;
  result.status = record.status;
  result.overran = !record.overran.empty();
  result.messages = static_cast<std::size_t>(std::count_if(
      record.heard.begin(), record.heard.end(), [](const Heard& each) { return isData(each.kind); }));
  if (finding.verdict == Verdict::NotRun) return result;
  result.sent = describeSent(asked);
  result.expected = describeExpected(asked, checked);
  result.got = describeGot(asked, record);
  return result;
}

}  // namespace duplex::check
