#include <fmt/format.h>

#include <vector>

#include "check/catalogue.h"

namespace duplex::check {
namespace {

protocol::MaskKey key(unsigned value) {
  return {std::byte(value >> 24), std::byte(value >> 16 & 0xFF), std::byte(value >> 8 & 0xFF),
          std::byte(value & 0xFF)};
}

// Both sections let the other end say 1002, and ask for no more than that the connection is closed.
Ending refusal() {
  Ending ending = failure(1002);
  ending.silent = Verdict::Pass;
  return ending;
}

}  // namespace

void addMasking(std::vector<Case>& cases) {
  Family family(cases, 8);
  const Frame all[] = {text("Hello"), text(),          binary(Payload::repeated("x", 200)), ping("p"), pong(),
                       close(1000),   text("a").open()};

  family.group("A server closes on a frame without a mask", "RFC 6455 §5.1", Level::Must, Roles::Server);
  for (const Frame& each : all) {
    family.add(describe(each) + " without a mask", {each.wronglyMasked()}, {}, refusal());
  }
  family.add("A continuation without a mask", {text("a").open(), more("b").wronglyMasked()}, {}, refusal());
  family.add("A frame without a mask after good ones", {text("a"), binary("b"), text("c").wronglyMasked()},
             {textItem("a"), binaryItem("b")}, refusal());

  family.group("A client closes on a frame with a mask", "RFC 6455 §5.1", Level::Must, Roles::Client);
  for (const Frame& each : all) {
    family.add(describe(each) + " with a mask", {each.wronglyMasked()}, {}, refusal());
  }
  family.add("A continuation with a mask", {text("a").open(), more("b").wronglyMasked()}, {}, refusal());
  family.add("A frame with a mask after good ones", {text("a"), binary("b"), text("c").wronglyMasked()},
             {textItem("a"), binaryItem("b")}, refusal());

  family.group("Any mask is taken off", "RFC 6455 §5.3", Level::Must, Roles::Server);
  for (const unsigned mask : {0U, 0xFFFFFFFFU, 0x000000FFU, 0xFF000000U, 0x12345678U}) {
    for (const std::size_t size : {1, 3, 5, 130}) {
      const Payload payload = Payload::repeated("masked ", size);
      family.add(fmt::format("{} bytes masked by {:08x}", size, mask), {text(payload).maskedBy(key(mask))},
                 {textItem(payload)});
    }
  }
  family.group("A client takes a fresh mask for each frame", "RFC 6455 §5.3, §10.3", Level::Must,
               Roles::Client);
  std::vector<Step> many;
  std::vector<Item> echoes;
  for (int i = 0; i < 200; ++i) {
    many.emplace_back(text("the same"));
    echoes.push_back(textItem("the same"));
  }
  family.add("The frames of 200 messages that are the same", many, echoes).checksMasks = true;
}

}  // namespace duplex::check
