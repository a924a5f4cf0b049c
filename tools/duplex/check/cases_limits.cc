#include <fmt/format.h>

#include <string>
#include <vector>

#include "check/catalogue.h"

namespace duplex::check {
namespace {

constexpr std::size_t KiB = 1024;
constexpr std::size_t MiB = 1024 * KiB;

// An end may have limits (RFC 6455 §10.4), and says so then (§7.4.1).
Ending unlessTooBig() {
  Ending ending = goodbye();
  ending.codes = {1009, 1008};
  ending.other = Verdict::Info;
  return ending;
}

std::vector<Step> inFrames(unsigned opcode, std::size_t size, std::size_t frameSize) {
  std::vector<Step> steps;
  for (std::size_t at = 0; at < size; at += frameSize) {
    const std::size_t left = size - at;
    Frame part = frame(at == 0 ? opcode : 0, Payload::repeated("*", left < frameSize ? left : frameSize));
    part.fin = left <= frameSize;
    steps.emplace_back(std::move(part));
  }
  return steps;
}

void addSizes(Family& family) {
  family.group("Long messages come back", "RFC 6455 §5.2, §10.4", Level::May);
  const std::string unit = "κόσμε and more ";
  for (const std::size_t size : {64 * KiB, 256 * KiB, MiB, 4 * MiB, 8 * MiB, 16 * MiB}) {
    const Payload letters = Payload::repeated(unit, size / unit.size() * unit.size());
    family.add(fmt::format("Text of {} KiB in one frame", size / KiB), {text(letters)}, {textItem(letters)},
               unlessTooBig());
    const Payload bytes = Payload::repeated(std::string("\0\xFF\xFE", 3), size);
    family.add(fmt::format("Binary of {} KiB in one frame", size / KiB), {binary(bytes)}, {binaryItem(bytes)},
               unlessTooBig());
  }
  family.group("Long messages in frames of many sizes come back", "RFC 6455 §5.4, §10.4", Level::May);
  for (const std::size_t size : {256UL, KiB, 4 * KiB, 16 * KiB, 64 * KiB, 256 * KiB, MiB}) {
    family.add(fmt::format("Text of 1 MiB in frames of {} bytes", size), inFrames(1, MiB, size),
               {textItem(Payload::repeated("*", MiB))}, unlessTooBig());
  }
}

void addSegments(Family& family) {
  family.group("Long messages in segments of many sizes come back", "RFC 6455 §5.2", Level::May);
  for (const std::size_t chop : {64UL, 128UL, 256UL, 512UL, KiB, 2 * KiB}) {
    family
        .add(fmt::format("Text of 128 KiB in writes of {} bytes", chop),
             {text(Payload::repeated("*", 128 * KiB))}, {textItem(Payload::repeated("*", 128 * KiB))},
             unlessTooBig())
        .chop = chop;
  }
}

void addRoundTrips(Family& family) {
  family.group("Many messages come back one by one", "RFC 6455 §6.2", Level::May);
  for (const std::size_t size : {0UL, 16UL, 64UL, 256UL, KiB, 4 * KiB}) {
    for (const bool isText : {true, false}) {
      std::vector<Step> steps;
      std::vector<Item> items;
      const Payload payload = Payload::repeated("*", size);
      for (std::size_t i = 1; i <= 200; ++i) {
        steps.emplace_back(isText ? text(payload) : binary(payload));
        steps.emplace_back(Await{i});
        items.push_back(isText ? textItem(payload) : binaryItem(payload));
      }
      family.add(fmt::format("200 messages of {} of {} bytes", isText ? "text" : "binary", size), steps,
                 items);
    }
  }
}

// How it is cut is the sender's affair; what comes back may be cut otherwise.
void addCut(std::vector<Case>& cases) {
  Family family(cases, 10);
  family.group("A message is what it is however it is cut into frames", "RFC 6455 §5.4");
  for (const std::size_t size : {1UL, 70UL, 125UL, 126UL, 1'300UL, 65'535UL}) {
    const std::size_t whole = size == 1 ? 2'000 : 65'536;
    family.add(fmt::format("Text of {} bytes in frames of {}", whole, size), inFrames(1, whole, size),
               {textItem(Payload::repeated("*", whole))});
  }
}

}  // namespace

void addLimits(std::vector<Case>& cases) {
  Family family(cases, 9);
  addSizes(family);
  addSegments(family);
  addRoundTrips(family);
  addCut(cases);
}

}  // namespace duplex::check
