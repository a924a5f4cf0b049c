#include <fmt/format.h>

#include <cstdint>
#include <string>

#include "check/catalogue.h"

namespace duplex::check {
namespace {

// Around each change in how a length is written.
constexpr std::size_t lengths[] = {0,   1,     2,      124,    125,    126,    127,
                                   128, 1'000, 65'534, 65'535, 65'536, 65'537, 131'072};
constexpr std::uint64_t highestBit = std::uint64_t{1} << 63;

void addLengths(Family& family) {
  family.group("Messages of every form of length", "RFC 6455 §5.2");
  for (const std::size_t size : lengths) {
    const Payload payload = Payload::repeated("*", size);
    family.add(fmt::format("Text of {} bytes comes back", size), {text(payload)}, {textItem(payload)});
  }
  for (const std::size_t size : lengths) {
    const Payload payload = Payload::repeated(std::string("\xFE\0", 2), size);
    family.add(fmt::format("{} bytes of binary come back", size), {binary(payload)}, {binaryItem(payload)});
  }
}

void addChopped(Family& family) {
  family.group("Frames that TCP cuts anywhere", "RFC 6455 §5.2");
  for (const std::size_t chop : {1, 2, 3, 5, 7, 13, 997}) {
    const Payload payload = Payload::repeated("κόσμε ", chop == 997 ? 5'957 * 11 : 12 * 11);
    family
        .add(fmt::format("Frames that arrive {} bytes at a time are understood", chop),
             {text(payload), ping("p"), binary("\x01")},
             {textItem(payload), pongItem("p"), binaryItem("\x01")})
        .chop = chop;
  }
  family.add(
      "Many frames in one segment are understood",
      [] {
        std::vector<Step> steps;
        for (int i = 0; i < 100; ++i) steps.emplace_back(text(fmt::format("message {}", i)));
        return steps;
      }(),
      [] {
        std::vector<Item> items;
        for (int i = 0; i < 100; ++i) items.push_back(textItem(fmt::format("message {}", i)));
        return items;
      }());
  family.add("A message after a very long one is understood",
             {binary(Payload::repeated("x", 100'000)), text("after")},
             {binaryItem(Payload::repeated("x", 100'000)), textItem("after")});
}

void addNotMinimal(Family& family) {
  // Only senders are bound; what a receiver does is told.
  family.group("Lengths in more bytes than they need", "RFC 6455 §5.2", Level::May);
  struct Row {
    Frame frame;
    unsigned size;
  };
  const Row rows[] = {{text("Hello"), 2},
                      {text("Hello"), 8},
                      {text(), 2},
                      {text(), 8},
                      {binary(Payload::repeated("x", 125)), 2},
                      {binary(Payload::repeated("x", 126)), 8},
                      {binary(Payload::repeated("x", 65'535)), 8},
                      {ping("ping"), 2},
                      {close(1000), 2}};
  for (const Row& row : rows) {
    Ending ending = failure(1002);
    ending.goesOn = ending.other = ending.silent = Verdict::Info;
    family.add(fmt::format("{} with its length in {} bytes", describe(row.frame), row.size),
               {row.frame.lengthIn(row.size)}, {}, ending);
  }
}

void addHuge(Family& family) {
  family.group("A length with the highest of its 64 bits set", "RFC 6455 §5.2, §10.7");
  for (const std::uint64_t length : {highestBit, highestBit + 1, ~std::uint64_t{0}}) {
    for (const Frame& frame : {text(), binary()}) {
      Ending ending = failure(1002);
      ending.codes.push_back(1009);
      // It may believe the length and wait for ever.
      ending.goesOn = Verdict::NonStrict;
      ending.canAsk = false;
      family.add(fmt::format("{} of {:#x} bytes fails the connection", nameOf(frame.opcode), length),
                 {frame.announcing(length)}, {}, ending);
    }
  }
  family.group("Lengths beyond what an end can hold", "RFC 6455 §10.4", Level::May);
  for (const unsigned bits : {31U, 32U, 40U, 62U}) {
    Ending ending = failure(1009);
    ending.goesOn = ending.other = ending.silent = Verdict::Info;
    ending.canAsk = false;
    family.add(fmt::format("A message of 2^{} bytes is refused when it begins", bits),
               {binary().announcing(std::uint64_t{1} << bits)}, {}, ending);
    family.add(fmt::format("A second fragment of 2^{} bytes is refused when it begins", bits),
               {binary("a").open(), more().announcing(std::uint64_t{1} << bits)}, {}, ending);
  }
}

}  // namespace

void addFraming(std::vector<Case>& cases) {
  Family family(cases, 1);
  addLengths(family);
  addChopped(family);
  addNotMinimal(family);
  addHuge(family);
}

}  // namespace duplex::check
