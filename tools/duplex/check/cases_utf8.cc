#include <fmt/format.h>

#include <string>
#include <string_view>
#include <vector>

#include "check/catalogue.h"

namespace duplex::check {
namespace {

struct Sequence {
  const char* name;
  std::string_view bytes;
};

// The first and the last of each length, and those beside what is forbidden (RFC 3629 §4).
constexpr Sequence valid[] = {
    {"U+0000", {"\0", 1}},
    {"U+007F", "\x7F"},
    {"U+0080", "\xC2\x80"},
    {"U+07FF", "\xDF\xBF"},
    {"U+0800", "\xE0\xA0\x80"},
    {"U+0FFF", "\xE0\xBF\xBF"},
    {"U+1000", "\xE1\x80\x80"},
    {"U+CFFF", "\xEC\xBF\xBF"},
    {"U+D000", "\xED\x80\x80"},
    {"U+D7FF", "\xED\x9F\xBF"},
    {"U+E000", "\xEE\x80\x80"},
    {"U+FDD0, no character", "\xEF\xB7\x90"},
    {"U+FEFF, byte order mark", "\xEF\xBB\xBF"},
    {"U+FFFD", "\xEF\xBF\xBD"},
    {"U+FFFE, no character", "\xEF\xBF\xBE"},
    {"U+FFFF, no character", "\xEF\xBF\xBF"},
    {"U+10000", "\xF0\x90\x80\x80"},
    {"U+1F600", "\xF0\x9F\x98\x80"},
    {"U+3FFFF", "\xF0\xBF\xBF\xBF"},
    {"U+40000", "\xF1\x80\x80\x80"},
    {"U+FFFFF", "\xF3\xBF\xBF\xBF"},
    {"U+100000", "\xF4\x80\x80\x80"},
    {"U+10FFFF", "\xF4\x8F\xBF\xBF"},
};

// No text whatever follows; the last byte says so.
constexpr Sequence illegal[] = {
    {"a lone continuation byte 80", "\x80"},
    {"a lone continuation byte BF", "\xBF"},
    {"one continuation byte too many", "\xC2\xA9\x80"},
    {"six continuation bytes", "\xBF\x80\xBF\x80\xBF\x80"},
    {"U+0000 overlong in two bytes", "\xC0"},
    {"U+007F overlong in two bytes", "\xC1"},
    {"U+0000 overlong in three bytes", "\xE0\x80"},
    {"U+07FF overlong in three bytes", "\xE0\x9F"},
    {"U+0000 overlong in four bytes", "\xF0\x80"},
    {"U+FFFF overlong in four bytes", "\xF0\x8F"},
    {"U+0000 overlong in five bytes", "\xF8\x80\x80\x80\x80"},
    {"U+0000 overlong in six bytes", "\xFC\x80\x80\x80\x80\x80"},
    {"the surrogate U+D800", "\xED\xA0"},
    {"the surrogate U+DB7F", "\xED\xAD"},
    {"the surrogate U+DBFF", "\xED\xAF"},
    {"the surrogate U+DC00", "\xED\xB0"},
    {"the surrogate U+DFFF", "\xED\xBF"},
    {"a pair of surrogates", "\xED\xA0\x80\xED\xB0\x80"},
    {"U+110000", "\xF4\x90"},
    {"U+13FFFF", "\xF4\xBF"},
    {"U+140000", "\xF5"},
    {"U+1FFFFF", "\xF7\xBF\xBF\xBF"},
    {"a code point of five bytes", "\xFA\x80\x80\x80\x80"},
    {"a code point of six bytes", "\xFD\xBF\xBF\xBF\xBF\xBF"},
    {"the byte FE", "\xFE"},
    {"the byte FF", "\xFF"},
    {"a code point of two bytes cut by a letter", "\xC2\x41"},
    {"a code point of three bytes cut after one", "\xE2\x41"},
    {"a code point of three bytes cut after two", "\xE2\x82\x41"},
    {"a code point of four bytes cut after one", "\xF0\x41"},
    {"a code point of four bytes cut after two", "\xF0\x9F\x41"},
    {"a code point of four bytes cut after three", "\xF0\x9F\x98\x41"},
    {"a first byte after a first byte", "\xC2\xC2\x80"},
    {"three bytes cut by another first byte", "\xE2\x82\xC3\xA9"},
};

// Text if more followed.
constexpr Sequence unfinished[] = {
    {"one byte of two", "\xC2"},
    {"one byte of three", "\xE2"},
    {"two bytes of three", "\xE2\x82"},
    {"two bytes of three before the surrogates", "\xED\x9F"},
    {"one byte of four", "\xF0"},
    {"two bytes of four", "\xF0\x9F"},
    {"three bytes of four", "\xF0\x9F\x98"},
};

const std::string front = "κόσμε ";
const std::string back = " end";

std::vector<std::string> eachByte(const std::string& bytes) {
  std::vector<std::string> parts;
  for (const char c : bytes) parts.emplace_back(1, c);
  return parts;
}

void addValid(Family& family) {
  family.group("Text that is UTF-8 comes back", "RFC 6455 §5.6, RFC 3629 §4");
  for (const Sequence& each : valid) {
    const std::string text = front + std::string(each.bytes) + back;
    family.add(fmt::format("Text with {}", each.name), {check::text(text)}, {textItem(text)});
  }
  family.group("A code point may be split between frames", "RFC 6455 §5.6");
  for (const Sequence& each : valid) {
    const std::string bytes(each.bytes);
    for (std::size_t at = 1; at < bytes.size(); ++at) {
      family.add(fmt::format("{} split after {}", each.name, at),
                 fragments(1, {front + bytes.substr(0, at), bytes.substr(at) + back}),
                 {textItem(front + bytes + back)});
    }
  }
  std::string all;
  for (const Sequence& each : valid) all += each.bytes;
  family.add("All of them, each byte in a frame of its own", fragments(1, eachByte(all)), {textItem(all)});
  family.add("All of them, each byte in a segment of its own", {text(all)}, {textItem(all)}).chop = 1;
  family.add("A Ping and an empty frame inside a code point",
             {text("\xF0\x9F").open(), ping("\xE2\x82"), more().open(), more("\x98\x80")},
             {pongItem("\xE2\x82"), textItem("\xF0\x9F\x98\x80")});
  family.add("Each text begins anew", {text("€"), text("é"), text("\xF0\x9F\x98\x80")},
             {textItem("€"), textItem("é"), textItem("\xF0\x9F\x98\x80")});
}

void addIllegal(Family& family) {
  family.group("Text that is not UTF-8 fails the connection", "RFC 6455 §8.1");
  for (const Sequence& each : illegal) {
    family.add(fmt::format("Text with {}", each.name), {text(front + std::string(each.bytes) + back)}, {},
               failure(1007));
  }
  for (const Sequence& each : unfinished) {
    family.add(fmt::format("Text that ends after {}", each.name), {text(front + std::string(each.bytes))}, {},
               failure(1007));
  }
  family.group("Text that is not UTF-8 fails the connection wherever it is split", "RFC 6455 §8.1");
  for (const Sequence& each : illegal) {
    const std::string bytes = each.bytes.size() < 2 ? "é" + std::string(each.bytes) : std::string(each.bytes);
    for (std::size_t at = 1; at < bytes.size(); ++at) {
      family.add(fmt::format("{} split between frames after {}", each.name, at),
                 fragments(1, {front + bytes.substr(0, at), bytes.substr(at) + back}), {}, failure(1007));
    }
  }
  for (const Sequence& each : illegal) {
    family.add(fmt::format("{}, each byte in a frame of its own", each.name),
               fragments(1, eachByte("a" + std::string(each.bytes) + "z")), {}, failure(1007));
  }
  for (const Sequence& each : illegal) {
    family
        .add(fmt::format("{}, each byte in a segment of its own", each.name),
             {text("a" + std::string(each.bytes) + "z")}, {}, failure(1007))
        .chop = 1;
  }
  for (const Sequence& each : unfinished) {
    family.add(fmt::format("Text in frames that ends after {}", each.name),
               {text(front).open(), more(each.bytes).open(), more()}, {}, failure(1007));
  }
}

// RFC 6455 asks for the failure, not for when; who fails early keeps nothing that is of no use.
void addEarly(Family& family) {
  family.group("Text that cannot be UTF-8 any more fails at once", "RFC 6455 §8.1", Level::May);
  for (const Sequence& each : illegal) {
    const std::string bytes(each.bytes);
    family.add(fmt::format("{} fails before the last frame comes", each.name),
               {text(front + bytes).open(), Linger{}, more(back)}, {}, failure(1007));
  }
  for (const Sequence& each : {illegal[0], illegal[8], illegal[12], illegal[18], illegal[25]}) {
    const std::string bytes = front + std::string(each.bytes);
    family.add(fmt::format("{} fails before the rest of its frame comes", each.name),
               {text(bytes).announcing(bytes.size() + back.size()), Linger{}, Raw{back, "the rest"}}, {},
               failure(1007));
  }
}

void addNoText(Family& family) {
  family.group("What is no text need not be UTF-8", "RFC 6455 §5.6");
  const std::string bytes = "\xFF\xFE\xC0\x80";
  family.add("In a binary message", {binary(bytes)}, {binaryItem(bytes)});
  family.add("In fragments of a binary message", fragments(2, {"\xFF", "\xC0"}), {binaryItem("\xFF\xC0")});
  family.add("In a Ping", {ping(bytes)}, {pongItem(bytes)});
  family.add("In a Pong", {pong(bytes), text("a")}, {textItem("a")});
}

}  // namespace

void addUtf8(std::vector<Case>& cases) {
  Family family(cases, 6);
  addValid(family);
  addIllegal(family);
  addEarly(family);
  addNoText(family);
}

}  // namespace duplex::check
