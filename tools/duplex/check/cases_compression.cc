#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "check/catalogue.h"

namespace duplex::check {
namespace {

constexpr std::size_t KiB = 1024;

/// `count` messages of `size` bytes, each another, compressed and expected back.
Case& exchange(Family& family, std::string title, std::size_t size, unsigned count, bool isText,
               std::size_t fragment = 0) {
  std::vector<Step> steps;
  std::vector<Item> items;
  for (unsigned i = 1; i <= count; ++i) {
    const Payload payload = isText ? Payload::json(size, i) : Payload::noise(size, i);
    steps.emplace_back(Deflated{isText ? Opcode::Text : Opcode::Binary, payload, fragment});
    steps.emplace_back(Await{i});
    items.push_back(isText ? textItem(payload) : binaryItem(payload));
  }
  return family.add(std::move(title), std::move(steps), std::move(items));
}

void addSizes(std::vector<Case>& cases) {
  Family family(cases, 12);
  const std::string plain = "permessage-deflate";
  const auto all = [&](const char* title, bool isText, std::size_t fragment) {
    family.group(title, "RFC 7692 §7.2");
    for (const std::size_t size : {0UL, 1UL, 2UL, 16UL, 64UL, 125UL, 126UL, 256UL, KiB, 4 * KiB, 8 * KiB,
                                   16 * KiB, 32 * KiB, 64 * KiB, 128 * KiB, 1024 * KiB}) {
      if (fragment > 0 && (size < fragment || size / fragment > 2'000)) continue;
      const unsigned count = size > 128 * KiB ? 2 : 10;
      exchange(family, fmt::format("{} messages of {} bytes", count, size), size, count, isText, fragment)
          .opening.deflate = plain;
    }
  };
  all("JSON of many sizes comes back", true, 0);
  all("Bytes that do not compress come back", false, 0);
  all("JSON in frames of 100 bytes comes back", true, 100);
}

void addSets(Family& family, Roles roles) {
  std::vector<std::string> sets = {"",
                                   "; server_no_context_takeover",
                                   "; client_no_context_takeover",
                                   "; server_no_context_takeover; client_no_context_takeover",
                                   "; server_max_window_bits=15",
                                   "; server_max_window_bits=12",
                                   "; server_max_window_bits=9",
                                   "; server_max_window_bits=8",
                                   "; client_max_window_bits=15",
                                   "; client_max_window_bits=12",
                                   "; client_max_window_bits=9",
                                   "; server_max_window_bits=9; client_max_window_bits=9",
                                   "; server_no_context_takeover; client_no_context_takeover; "
                                   "server_max_window_bits=9; client_max_window_bits=9"};
  if (roles == Roles::Server) {
    sets.emplace_back("; client_max_window_bits");
    sets.emplace_back("; client_max_window_bits=8");
  }
  for (const std::string& set : sets) {
    const std::string agreed = "permessage-deflate" + set;
    family.group(agreed, "RFC 7692 §7.1, §7.2", Level::Must, roles);
    for (const std::size_t size : {16UL, 256UL, 4 * KiB, 32 * KiB, 100 * KiB}) {
      exchange(family, fmt::format("10 messages of {} bytes", size), size, 10, true).opening.deflate = agreed;
    }
    exchange(family, "10 messages of 5000 bytes in frames of 64", 5'000, 10, true, 64).opening.deflate =
        agreed;
  }
}

std::string bytes(std::initializer_list<int> values) {
  std::string made;
  for (const int value : values) made += static_cast<char>(value);
  return made;
}

// Everything that DEFLATE can say "Hello" by (RFC 7692 §7.2.3).
void addForms(Family& family) {
  family.group("Every form of DEFLATE is inflated", "RFC 7692 §7.2.2, §7.2.3");
  const auto form = [&](const char* title, std::vector<Step> steps, std::vector<Item> items) {
    family.add(title, std::move(steps), std::move(items)).opening.deflate = "permessage-deflate";
  };
  const auto hello = [&](const char* title, std::string compressed) {
    form(title, {text(std::move(compressed)).reserved(0b100)}, {textItem("Hello")});
  };
  hello("One block of fixed codes", bytes({0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00}));
  hello("A block that is stored", bytes({0x00, 0x05, 0x00, 0xFA, 0xFF, 'H', 'e', 'l', 'l', 'o', 0x00}));
  hello("A block that says it is the last", bytes({0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x00}));
  hello("Two blocks", bytes({0xF2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xCA, 0xC9, 0xC9, 0x07, 0x00}));
  form("A message in two frames, of which the first has RSV1",
       {text(bytes({0xF2, 0x48, 0xCD})).reserved(0b100).open(), more(bytes({0xC9, 0xC9, 0x07, 0x00}))},
       {textItem("Hello")});
  form("Each byte in a frame, with a Ping in between",
       {text(bytes({0xF2})).reserved(0b100).open(), more(bytes({0x48})).open(), more(bytes({0xCD})).open(),
        ping("p"), more(bytes({0xC9})).open(), more(bytes({0xC9})).open(), more(bytes({0x07})).open(),
        more(bytes({0x00}))},
       {pongItem("p"), textItem("Hello")});
  form("A message of no bytes", {text(bytes({0x00})).reserved(0b100), binary(bytes({0x00})).reserved(0b100)},
       {textItem(""), binaryItem("")});
  form("A message that is not compressed", {text("plain")}, {textItem("plain")});
  form("Messages compressed and not, in turn",
       {Deflated{Opcode::Text, "one one one"}, text("two"), Deflated{Opcode::Text, "one one one"},
        Deflated{Opcode::Binary, Payload::repeated("x", 1'000)}},
       {textItem("one one one"), textItem("two"), textItem("one one one"),
        binaryItem(Payload::repeated("x", 1'000))});
}

void addBad(Family& family) {
  const auto bad = [&](std::string title, std::vector<Step> steps, std::uint16_t code, Verdict other) {
    Ending ending = failure(code);
    ending.other = other;
    family.add(std::move(title), std::move(steps), {}, ending).opening.deflate = "permessage-deflate";
  };
  family.group("RSV1 stands on the first frame of a message alone", "RFC 7692 §6, §6.1");
  for (const Frame& each : {ping("p"), pong("p"), close(1000)}) {
    bad("RSV1 on a " + nameOf(each.opcode), {each.reserved(0b100)}, 1002, Verdict::NonStrict);
  }
  bad("RSV1 on a continuation",
      {text(bytes({0xF2, 0x48, 0xCD})).reserved(0b100).open(),
       more(bytes({0xC9, 0xC9, 0x07, 0x00})).reserved(0b100)},
      1002, Verdict::NonStrict);
  bad("RSV1 on the continuation of a message that is not compressed",
      {text("a").open(), more("b").reserved(0b100)}, 1002, Verdict::NonStrict);
  bad("RSV2 as well", {text(bytes({0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00})).reserved(0b110)}, 1002,
      Verdict::NonStrict);

  family.group("What cannot be inflated fails the connection", "RFC 7692 §7.2.2, RFC 6455 §10.7");
  bad("A block of a type that there is not", {text(bytes({0x06, 0x00})).reserved(0b100)}, 1007,
      Verdict::Pass);
  bad("A stored block whose lengths differ",
      {text(bytes({0x00, 0x05, 0x00, 0x00, 0x00, 'H'})).reserved(0b100)}, 1007, Verdict::Pass);
  bad("A reference to before the beginning", {text(bytes({0x02, 0x02, 0x00})).reserved(0b100)}, 1007,
      Verdict::Pass);
  bad("Bytes of no meaning", {text(bytes({0xFF, 0xFF, 0xFF, 0xFF, 0xFF})).reserved(0b100)}, 1007,
      Verdict::Pass);
  family.group("Text that is compressed is UTF-8, too", "RFC 6455 §8.1, RFC 7692 §7.2.2");
  bad("The byte FF", {Deflated{Opcode::Text, "a\xFFz"}}, 1007, Verdict::NonStrict);
  bad("A surrogate, in frames of one byte", {Deflated{Opcode::Text, "a\xED\xA0\x80z", 1}}, 1007,
      Verdict::NonStrict);
  bad("A code point that does not end", {Deflated{Opcode::Text, "a\xE2\x82"}}, 1007, Verdict::NonStrict);
}

}  // namespace

void addCompression(std::vector<Case>& cases) {
  addSizes(cases);
  Family family(cases, 13);
  addForms(family);
  addBad(family);
  addSets(family, Roles::Server);
  addSets(family, Roles::Client);
}

}  // namespace duplex::check
