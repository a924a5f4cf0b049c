#include <fmt/format.h>

#include <string>
#include <vector>

#include "check/catalogue.h"

namespace duplex::check {
namespace {

void addGood(Family& family) {
  family.group("A message in fragments is one message", "RFC 6455 §5.4");
  family.add("Text in two frames", fragments(1, {"Hel", "lo"}), {textItem("Hello")});
  family.add("Binary in three frames", fragments(2, {{"\0", 1}, "\xFF", "\1"}),
             {binaryItem(std::string("\0\xFF\1", 3))});
  family.add("Text in two frames, byte by byte", fragments(1, {"Hel", "lo"}), {textItem("Hello")}).chop = 1;
  family.add("Empty text in three frames", fragments(1, {"", "", ""}), {textItem("")});
  family.add("An empty first frame", fragments(1, {"", "Hello"}), {textItem("Hello")});
  family.add("An empty last frame", fragments(1, {"Hello", ""}), {textItem("Hello")});
  family.add("Empty frames in between", fragments(2, {"", "ab", "", "", "c", ""}), {binaryItem("abc")});
  {
    std::vector<std::string> letters(1'000, "x");
    family.add("A thousand frames of one byte", fragments(1, letters), {textItem(std::string(1'000, 'x'))});
  }
  {
    std::vector<Step> steps = fragments(1, {"a", "b"});
    steps.emplace_back(text("c"));
    for (Step& step : fragments(2, {"d", "e"})) steps.push_back(std::move(step));
    family.add("Whole messages beside fragmented ones", steps,
               {textItem("ab"), textItem("c"), binaryItem("de")});
  }
}

void addControlBetween(Family& family) {
  family.group("Control frames may stand between fragments", "RFC 6455 §5.4, §5.5");
  for (const std::size_t size : {0, 1, 125}) {
    const Payload payload = Payload::repeated("p", size);
    family.add(fmt::format("A Ping of {} bytes in the middle of a message", size),
               {text("one ").open(), ping(payload), more("two")}, {pongItem(payload), textItem("one two")});
  }
  family.add("A Ping inside a message is answered before it ends",
             {text("one ").open(), ping("now"), Await{1}, more("two")},
             {pongItem("now"), textItem("one two")});
  family.add("Pings and Pongs between five fragments",
             {text("1").open(), ping("a"), more("2").open(), pong("b"), more("3").open(), ping("c"),
              more("4").open(), ping(), more("5")},
             {pongItem("a"), pongItem("c"), pongItem(""), textItem("12345")});
  family
      .add("Pings between fragments, byte by byte",
           {text("1").open(), ping("a"), more("2").open(), ping("b"), more("3")},
           {pongItem("a"), pongItem("b"), textItem("123")})
      .chop = 1;
  family.add("A Ping inside a code point", {text("\xE2\x82").open(), ping("p"), more("\xAC")},
             {pongItem("p"), textItem("€")});
  family.add("A Close inside a message", {text("one").open(), close(1000)}, {}, closing({1000}));
}

void addBad(Family& family) {
  family.group("A continuation has something to continue", "RFC 6455 §5.4, §10.7");
  family.add("A last continuation with nothing before it", {more("x")}, {}, failure(1002));
  family.add("A continuation with nothing before it, and FIN 0", {more("x").open()}, {}, failure(1002));
  family.add("An empty continuation with nothing before it", {more()}, {}, failure(1002));
  family.add("A continuation after a whole message", {text("a"), more("x")}, {textItem("a")}, failure(1002));
  family.add("A continuation after a fragmented message", {text("a").open(), more("b"), more("x")},
             {textItem("ab")}, failure(1002));
  family.add("A continuation after a Ping", {ping("p"), more("x")}, {pongItem("p")}, failure(1002));
  family.add("A continuation with nothing before it, byte by byte", {more("x")}, {}, failure(1002)).chop = 1;
  family.add("Two continuations, and then text", {more("x").open(), more("y"), text("z")}, {}, failure(1002));

  family.group("Messages are not interleaved", "RFC 6455 §5.4, §10.7");
  family.add("Text inside a text", {text("a").open(), text("b")}, {}, failure(1002));
  family.add("Binary inside a text", {text("a").open(), binary("b")}, {}, failure(1002));
  family.add("Text inside a binary message", {binary("a").open(), text("b")}, {}, failure(1002));
  family.add("A second beginning", {text("a").open(), text("b").open(), more("c")}, {}, failure(1002));
  family.add("Text inside a message after a Ping", {text("a").open(), ping("p"), text("b")}, {pongItem("p")},
             failure(1002));
  family.add("Text after several fragments",
             {text("a").open(), more("b").open(), more("c").open(), text("d")}, {}, failure(1002));
}

}  // namespace

void addFragments(std::vector<Case>& cases) {
  Family family(cases, 5);
  addGood(family);
  addControlBetween(family);
  addBad(family);
}

}  // namespace duplex::check
