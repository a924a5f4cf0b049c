#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "protocol/close_code.h"
#include "protocol/session.h"
#include "protocol/wire_vector.h"

using namespace duplex::protocol;
using namespace duplex::protocol::wire;
using duplex::Errc;

namespace {

// The first byte of a frame.
enum First {
  Continue = 0x00,
  Text = 0x01,
  Binary = 0x02,
  Close = 0x88,
  Ping = 0x89,
  Pong = 0x8A,
  Fin = 0x80
};

std::string repeat(std::size_t size, char c = 'x') {
  return std::string(size, c);
}

// RFC 6455 §5.7.
const std::vector<Vector> examples = {
    {"an unmasked or masked text message", {{0x81, "Hello"}}, {text("Hello")}},
    {"a fragmented text message", {{0x01, "Hel"}, {0x80, "lo"}}, {text("Hello")}},
    {"a ping", {{0x89, "Hello"}}, {ping("Hello")}},
    {"its pong", {{0x8A, "Hello"}}, {pong("Hello")}},
    {"256 bytes of binary", {{0x82, repeat(256)}}, {binary(repeat(256))}},
    {"64 KiB of binary", {{0x82, repeat(65536)}}, {binary(repeat(65536))}},
};

// §5.4.
const std::vector<Vector> fragmentation = {
    {"empty messages", {{Fin | Text}, {Fin | Binary}}, {text(""), binary("")}},
    {"empty fragments", {{Text}, {Continue}, {Fin | Continue}}, {text("")}},
    {"empty fragments around full ones",
     {{Binary}, {Continue, "ab"}, {Continue}, {Continue, "c"}, {Fin | Continue}},
     {binary("abc")}},
    {"an empty last fragment", {{Text, "abc"}, {Fin | Continue}}, {text("abc")}},
    {"two fragmented messages and one that is not",
     {{Text, "a"},
      {Fin | Continue, "b"},
      {Fin | Text, "c"},
      {Binary, "d"},
      {Continue, "e"},
      {Fin | Continue, "f"}},
     {text("ab"), text("c"), binary("def")}},
    {"control frames between fragments",
     {{Text, "one "},
      {Ping, "p"},
      {Continue, "two "},
      {Pong, repeat(125)},
      {Ping},
      {Fin | Continue, "three"}},
     {ping("p"), pong(repeat(125)), ping(""), text("one two three")}},
    {"a close between fragments ends it",
     {{Text, "one"}, {Close, closeBody(1000)}, {Fin | Continue}},
     {closed(1000)}},
    {"a message that does not end", {{Text, "one"}, {Continue, "two"}}, {}, {}, true},
    {"a frame that does not end", {{Fin | Binary, "abc", 4}}, {}, {}, true},
    {"a control frame that does not end, inside a message", {{Text, "one"}, {Ping, "abc", 4}}, {}, {}, true},
    {"a continuation of nothing", {{Fin | Continue, "x"}}, {failure(Errc::UnexpectedContinuation)}},
    {"a continuation of nothing, not the last", {{Continue, "x"}}, {failure(Errc::UnexpectedContinuation)}},
    {"a continuation after a whole message",
     {{Fin | Text, "a"}, {Fin | Continue, "x"}},
     {text("a"), failure(Errc::UnexpectedContinuation)}},
    {"text inside a message", {{Text, "a"}, {Fin | Text, "b"}}, {failure(Errc::ExpectedContinuation)}},
    {"binary inside a message after a ping",
     {{Text, "a"}, {Ping}, {Binary, "b"}},
     {ping(""), failure(Errc::ExpectedContinuation)}},
};

// §5.2, §5.1, §5.5.
const std::vector<Vector> headers = {
    {"RSV1", {{0xC1, "x"}}, {failure(Errc::ReservedBit)}},
    {"RSV2", {{0xA1, "x"}}, {failure(Errc::ReservedBit)}},
    {"RSV3", {{0x91, "x"}}, {failure(Errc::ReservedBit)}},
    {"RSV1 on a ping", {{0xC9, "x"}}, {failure(Errc::ReservedBit)}},
    {"RSV1 on a continuation", {{Text, "x"}, {0xC0, "x"}}, {failure(Errc::ReservedBit)}},
    {"RSV on a close", {{0xF8, closeBody(1000)}}, {failure(Errc::ReservedBit)}},
    {"a frame masked the wrong way", {{.first = 0x81, .payload = "x", .wrongMask = true}}, {}},
    {"a fragmented ping", {{0x09, "x"}}, {failure(Errc::ControlFragmented)}},
    {"a fragmented pong", {{0x0A, "x"}}, {failure(Errc::ControlFragmented)}},
    {"a fragmented close", {{0x08, closeBody(1000)}}, {failure(Errc::ControlFragmented)}},
    {"a ping of 125 bytes", {{Ping, repeat(125)}}, {ping(repeat(125))}},
    {"a ping of 126 bytes", {{Ping, repeat(126)}}, {failure(Errc::ControlTooLong)}},
    {"a pong of 65536 bytes", {{Pong, "", 65536}}, {failure(Errc::ControlTooLong)}},
    {"a close of 126 bytes", {{Close, closeBody(1000, repeat(124))}}, {failure(Errc::ControlTooLong)}},
    {"125 in two bytes", {{0x82, repeat(125), {}, 2}}, {failure(Errc::LengthNotMinimal)}},
    {"0 in two bytes", {{0x82, "", {}, 2}}, {failure(Errc::LengthNotMinimal)}},
    {"0 in eight bytes", {{0x82, "", {}, 8}}, {failure(Errc::LengthNotMinimal)}},
    {"65535 in eight bytes", {{0x82, repeat(65535), {}, 8}}, {failure(Errc::LengthNotMinimal)}},
    {"2^63", {{0x82, "", 1ULL << 63}}, {failure(Errc::LengthTooLarge)}},
    {"2^64-1", {{0x82, "", ~0ULL}}, {failure(Errc::LengthTooLarge)}},
    {"2^64-1 of a ping", {{Ping, "", ~0ULL}}, {failure(Errc::LengthTooLarge)}},
};

// §7.4.
const std::vector<Vector> closes = {
    {"a close without a body", {{Close}}, {closed(1005)}},
    {"a close of one byte", {{Close, "x"}}, {failure(Errc::CloseBodyTooShort)}},
    {"a close with a reason",
     {{Close, closeBody(1001, "bye \xE2\x82\xAC")}},
     {closed(1001, "bye \xE2\x82\xAC")}},
    {"the longest reason", {{Close, closeBody(4999, repeat(123))}}, {closed(4999, repeat(123))}},
    {"a reason that is not UTF-8", {{Close, closeBody(1000, "\xED\xA0\x80")}}, {failure(Errc::InvalidUtf8)}},
    {"a reason that is cut off", {{Close, closeBody(1000, "\xE2\x82")}}, {failure(Errc::InvalidUtf8)}},
    {"what follows a close is discarded",
     {{Fin | Text, "a"}, {Close}, {Fin | Text, "b"}, {0xFF, "x"}},
     {text("a"), closed(1005)}},
    {"what follows a failure is discarded",
     {{0x83, "x"}, {Fin | Text, "b"}, {Close, closeBody(1000)}},
     {failure(Errc::ReservedOpcode)}},
};

SessionLimits limits(std::size_t maxMessageSize, std::size_t maxFragments = 4096) {
  return {maxMessageSize, maxFragments};
}

// §10.4.
const std::vector<Vector> limited = {
    {"as much as the limit", {{Fin | Text, repeat(10)}}, {text(repeat(10))}, limits(10)},
    {"one more", {{Fin | Text, repeat(11)}}, {failure(Errc::MessageTooBig)}, limits(10)},
    {"two more", {{Fin | Text, repeat(12)}}, {failure(Errc::MessageTooBig)}, limits(10)},
    {"said at the header", {{Fin | Binary, "", 11}}, {failure(Errc::MessageTooBig)}, limits(10)},
    {"as much as the limit in fragments",
     {{Binary, repeat(6)}, {Continue}, {Fin | Continue, repeat(4)}},
     {binary(repeat(10))},
     limits(10)},
    {"one more in fragments",
     {{Binary, repeat(6)}, {Fin | Continue, "", 5}},
     {failure(Errc::MessageTooBig)},
     limits(10)},
    {"control frames do not count",
     {{Binary, repeat(10)}, {Ping, repeat(125)}, {Fin | Continue}},
     {ping(repeat(125)), binary(repeat(10))},
     limits(10)},
    {"each message for itself",
     {{Fin | Text, repeat(10)}, {Text, repeat(9)}, {Fin | Continue, "x"}, {Fin | Text, repeat(10)}},
     {text(repeat(10)), text(repeat(9) + "x"), text(repeat(10))},
     limits(10)},
    {"nothing at all",
     {{Fin | Text}, {Fin | Text, "x"}},
     {text(""), failure(Errc::MessageTooBig)},
     limits(0)},
    {"2^63-1", {{0x82, "", (1ULL << 63) - 1}}, {failure(Errc::MessageTooBig)}},
    {"2^63-1 where nothing is too big", {{0x82, "abc", (1ULL << 63) - 1}}, {}, limits(~std::size_t{0}), true},
    {"2^63-1 on top of a fragment where nothing is too big",
     {{Binary, "abc"}, {Fin | Continue, "abc", (1ULL << 63) - 1}},
     {},
     limits(~std::size_t{0}),
     true},
    {"2^32-1", {{0x82, "", (1ULL << 32) - 1}}, {failure(Errc::MessageTooBig)}},
    {"2^32", {{0x82, "", 1ULL << 32}}, {failure(Errc::MessageTooBig)}},
    {"2^32+1", {{0x82, "", (1ULL << 32) + 1}}, {failure(Errc::MessageTooBig)}},
    {"2^32+1 within a limit above, one byte of it there",
     {{0x82, "x", (1ULL << 32) + 1}},
     {},
     limits(1ULL << 33),
     true},
    {"as many fragments as the limit",
     {{Text, "a"}, {Continue, "b"}, {Fin | Continue, "c"}},
     {text("abc")},
     limits(100, 3)},
    {"one more",
     {{Text}, {Continue}, {Continue}, {Continue}},
     {failure(Errc::TooManyFragments)},
     limits(100, 3)},
    {"the last is one more",
     {{Text}, {Continue}, {Continue}, {Fin | Continue}},
     {failure(Errc::TooManyFragments)},
     limits(100, 3)},
    {"control frames are no fragments",
     {{Text}, {Ping}, {Continue}, {Ping}, {Fin | Continue, "c"}},
     {ping(""), ping(""), text("c")},
     limits(100, 3)},
};

// §8.1: text, how many bytes of it are fine.
const std::pair<std::string, std::size_t> badTexts[] = {
    {"\x80", 0},
    {"ok\xC0\xAF", 2},
    {"ok\xE0\x80\xAF", 3},
    {"ok\xED\xA0\x80 surrogate", 3},
    {"ok\xF0\x80\x80\xAF", 3},
    {"ok\xF4\x90\x80\x80 beyond", 3},
    {"\xCE\xBA\xE1\xBD\xB9\xCF\x83\xCE\xBC\xCE\xB5\xF5", 11},
    {"\xE2\x82-", 2},
    {repeat(300) + "\xFF" + repeat(300), 300},
};

std::vector<Vector> generated() {
  std::vector<Vector> made;
  for (std::size_t size :
       {0U, 1U, 124U, 125U, 126U, 127U, 128U, 255U, 256U, 65534U, 65535U, 65536U, 65537U}) {
    const std::string payload = repeat(size, 'y');
    made.push_back({"text of " + std::to_string(size), {{Fin | Text, payload}}, {text(payload)}});
    made.push_back({"binary of " + std::to_string(size), {{Fin | Binary, payload}}, {binary(payload)}});
    made.push_back({"fragments of " + std::to_string(size),
                    {{Text, payload}, {Ping, "p"}, {Fin | Continue, payload}},
                    {ping("p"), text(payload + payload)}});
  }
  for (int opcode : {3, 4, 5, 6, 7, 11, 12, 13, 14, 15}) {
    const std::string name = "opcode " + std::to_string(opcode);
    made.push_back({name, {{Fin | opcode, "x"}}, {failure(Errc::ReservedOpcode)}});
    made.push_back({name + " not the last", {{opcode}}, {failure(Errc::ReservedOpcode)}});
    made.push_back({name + " in a message", {{Text, "x"}, {Fin | opcode}}, {failure(Errc::ReservedOpcode)}});
  }
  for (unsigned code = 0; code <= 0xFFFF; code += code < 5100 ? 1 : 997) {
    const Expected event = isValidOnWire(static_cast<std::uint16_t>(code))
                               ? closed(static_cast<std::uint16_t>(code), "r")
                               : failure(Errc::CloseCodeInvalid);
    made.push_back({"close code " + std::to_string(code), {{Close, closeBody(code, "r")}}, {event}});
  }
  for (const auto& [bad, fine] : badTexts) {
    made.push_back({"ill-formed text", {{Fin | Text, bad}}, {failure(Errc::InvalidUtf8)}});
    made.push_back({"the same as binary", {{Fin | Binary, bad}}, {binary(bad)}});
    made.push_back({"the same in a reason", {{Close, closeBody(1000, bad.substr(0, 123))}}, {}});
    made.back().events = {bad.size() > 123 ? closed(1000, bad.substr(0, 123)) : failure(Errc::InvalidUtf8)};
    for (std::size_t cut = 0; cut <= std::min<std::size_t>(bad.size(), 20); ++cut) {
      made.push_back({"the same in fragments",
                      {{Text, bad.substr(0, cut)}, {Ping}, {Fin | Continue, bad.substr(cut)}},
                      {ping(""), failure(Errc::InvalidUtf8)}});
      if (cut > fine) made.back().events = {failure(Errc::InvalidUtf8)};
    }
  }
  const std::string good = "\xCE\xBA\xE1\xBD\xB9\xF0\x9F\x98\x80\xED\x9F\xBF.";
  for (std::size_t cut = 0; cut <= good.size(); ++cut) {
    made.push_back({"text with a code point cut in two",
                    {{Text, good.substr(0, cut)}, {Ping}, {Fin | Continue, good.substr(cut)}},
                    {ping(""), text(good)}});
    const std::string cutOff = good.substr(0, cut);
    const bool whole = cut == 0 || cut == 2 || cut == 5 || cut == 9 || cut >= 12;
    const Expected event = whole ? text(cutOff) : failure(Errc::InvalidUtf8);
    made.push_back({"text that ends inside a code point", {{Fin | Text, cutOff}}, {event}});
    made.push_back({"the same in fragments", {{Text, cutOff}, {Fin | Continue}}, {event}});
  }
  return made;
}

std::vector<Vector> allFor(Role receiver) {
  std::vector<Vector> vectors = generated();
  for (const auto* group : {&examples, &fragmentation, &headers, &closes, &limited}) {
    vectors.insert(vectors.end(), group->begin(), group->end());
  }
  // The only failure that depends on the role.
  for (Vector& vector : vectors) {
    if (!vector.events.empty() || !vector.frames[0].wrongMask) continue;
    vector.events = {failure(receiver == Role::Server ? Errc::MaskRequired : Errc::MaskForbidden)};
  }
  return vectors;
}

struct Outcome {
  std::vector<Expected> events;
  bool insideMessage;
  bool receiveEnded;
};

// Feeds `wire` in chunks of the sizes that `nextSize` says, each in memory of its own.
template <class NextSize>
Outcome run(const std::string& wire, Role role, const SessionLimits& sessionLimits, NextSize nextSize) {
  Session session(role, sessionLimits);
  Outcome outcome;
  for (std::size_t at = 0; at < wire.size();) {
    const std::size_t size = std::clamp<std::size_t>(nextSize(at), 1, wire.size() - at);
    std::vector<std::byte> chunk(size);
    std::copy_n(duplex::asBytes(wire).data() + at, size, chunk.data());
    at += size;
    duplex::MutableBytes input(chunk);
    while (const Event event = session.next(input)) {
      outcome.events.push_back(
          {event.type, std::string(duplex::asText(event.payload)), event.code, event.error});
    }
    REQUIRE(input.empty());
  }
  outcome.insideMessage = session.insideMessage();
  outcome.receiveEnded = session.receiveEnded();
  return outcome;
}

void check(const Outcome& outcome, const std::vector<Expected>& events, bool unfinished) {
  REQUIRE(outcome.events == events);
  const bool ended = !events.empty() &&
                     (events.back().type == Event::Type::Close || events.back().type == Event::Type::Failure);
  REQUIRE(outcome.receiveEnded == ended);
  if (!ended) REQUIRE(outcome.insideMessage == unfinished);
}

void checkAllWays(const Vector& vector, Role role) {
  const std::string wire = encodeAll(vector.frames, role);
  const auto whole = [&](std::size_t) { return wire.size(); };
  const auto byByte = [](std::size_t) { return std::size_t{1}; };
  check(run(wire, role, vector.limits, whole), vector.events, vector.unfinished);
  check(run(wire, role, vector.limits, byByte), vector.events, vector.unfinished);
  for (std::size_t cut = 1; cut < std::min<std::size_t>(wire.size(), 300); ++cut) {
    const auto inTwo = [&](std::size_t at) { return at == 0 ? cut : wire.size(); };
    check(run(wire, role, vector.limits, inTwo), vector.events, vector.unfinished);
  }
  std::mt19937 random(static_cast<unsigned>(wire.size()));
  for (int round = 0; round < 4; ++round) {
    const auto any = [&](std::size_t) { return std::size_t{1} + random() % (1 + wire.size() / 3); };
    check(run(wire, role, vector.limits, any), vector.events, vector.unfinished);
  }
  if (vector.unfinished) return;
  // With trailing bytes: an event more, unless the vector ends the session.
  const std::string longer = wire + encode(Frame{Pong, "tail"}, role);
  std::vector<Expected> events = vector.events;
  const Event::Type last = events.empty() ? Event::Type::None : events.back().type;
  if (last != Event::Type::Close && last != Event::Type::Failure) events.push_back(pong("tail"));
  check(run(longer, role, vector.limits, [&](std::size_t) { return longer.size(); }), events, false);
  check(run(longer, role, vector.limits, byByte), events, false);
}

}  // namespace

TEST_CASE("wire vectors, to a server") {
  for (const Vector& vector : allFor(Role::Server)) {
    CAPTURE(vector.name);
    checkAllWays(vector, Role::Server);
  }
}

TEST_CASE("wire vectors, to a client") {
  for (const Vector& vector : allFor(Role::Client)) {
    CAPTURE(vector.name);
    checkAllWays(vector, Role::Client);
  }
}

TEST_CASE("bytes of RFC 6455 section 5.7, literally") {
  const SessionLimits none;
  const auto whole = [](std::size_t) { return std::size_t{1} << 20; };
  CHECK(run("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", Role::Server, none, whole).events ==
        std::vector<Expected>{text("Hello")});
  CHECK(run("\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", Role::Server, none, whole).events ==
        std::vector<Expected>{pong("Hello")});
  CHECK(run("\x81\x05\x48\x65\x6c\x6c\x6f", Role::Client, none, whole).events ==
        std::vector<Expected>{text("Hello")});
  CHECK(run("\x01\x03\x48\x65\x6c\x80\x02\x6c\x6f", Role::Client, none, whole).events ==
        std::vector<Expected>{text("Hello")});
}

TEST_CASE("ill-formed text fails at its first bad byte, in a frame that is far from its end") {
  for (const auto& [bad, fine] : badTexts) {
    for (Role role : {Role::Server, Role::Client}) {
      const std::string wire = encode(Frame{Fin | Text, bad, 100'000}, role);
      const std::size_t header = wire.size() - bad.size();
      const SessionLimits none;
      Session session(role, none);
      std::size_t taken = 0;
      Event event;
      while (!event && taken < wire.size()) {
        std::byte byte = duplex::asBytes(wire)[taken++];
        duplex::MutableBytes input(&byte, 1);
        event = session.next(input);
      }
      CHECK(event.type == Event::Type::Failure);
      CHECK(event.error == Errc::InvalidUtf8);
      CHECK(taken == header + fine + 1);
    }
  }
}
