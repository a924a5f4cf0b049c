#include <fmt/format.h>

#include <vector>

#include "check/catalogue.h"

namespace duplex::check {
namespace {

void addBits(std::vector<Case>& cases) {
  Family family(cases, 3);
  family.group("A reserved bit to which no extension gives a meaning fails the connection", "RFC 6455 §5.2");
  for (const unsigned bits : {0b001U, 0b010U, 0b011U, 0b100U, 0b101U, 0b110U, 0b111U}) {
    for (const Frame& each : {text("Hello"), binary("Hello"), ping("Hello"), pong("Hello"), close(1000)}) {
      family.add(fmt::format("RSV {:03b} on a frame of {}", bits, nameOf(each.opcode)),
                 {each.reserved(static_cast<std::uint8_t>(bits))}, {}, failure(1002));
    }
  }
  for (const unsigned bits : {0b001U, 0b010U, 0b100U}) {
    family.add(fmt::format("RSV {:03b} on a continuation", bits),
               {text("a").open(), more("b").reserved(static_cast<std::uint8_t>(bits))}, {}, failure(1002));
    family.add(fmt::format("RSV {:03b} after a good message and a Ping", bits),
               {text("good"), ping("good"), text("bad").reserved(static_cast<std::uint8_t>(bits))},
               {textItem("good"), pongItem("good")}, failure(1002));
  }
}

void addOpcodes(std::vector<Case>& cases) {
  Family family(cases, 4);
  family.group("An opcode that is reserved fails the connection", "RFC 6455 §5.2");
  for (const unsigned opcode : {3U, 4U, 5U, 6U, 7U, 11U, 12U, 13U, 14U, 15U}) {
    family.add(fmt::format("Opcode {} without a payload", opcode), {frame(opcode)}, {}, failure(1002));
    family.add(fmt::format("Opcode {} with a payload", opcode), {frame(opcode, "reserved")}, {},
               failure(1002));
  }
  for (const unsigned opcode : {3U, 7U, 11U, 15U}) {
    family.add(fmt::format("Opcode {} after a good message", opcode), {text("good"), frame(opcode, "x")},
               {textItem("good")}, failure(1002));
    family.add(fmt::format("Opcode {} inside a message", opcode),
               {text("a").open(), frame(opcode, "x"), more("b")}, {}, failure(1002));
    family.add(fmt::format("Opcode {} byte by byte", opcode), {frame(opcode, "x")}, {}, failure(1002)).chop =
        1;
  }
}

}  // namespace

void addReserved(std::vector<Case>& cases) {
  addBits(cases);
  addOpcodes(cases);
}

}  // namespace duplex::check
