#include "protocol/utf8.h"

#include <doctest/doctest.h>

#include <random>
#include <vector>

using namespace duplex::protocol;
using duplex::asBytes;
using namespace std::string_literals;

namespace {

// How many bytes of `text` a checker takes one at a time; all if there is nothing wrong.
std::size_t accepted(std::string_view text) {
  Utf8Checker checker;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!checker.feed(asBytes(text.substr(i, 1)))) return i;
  }
  return text.size();
}

struct IllFormed {
  std::string text;
  // Index of the first byte with which it can no longer become valid; npos: it is only cut off.
  std::size_t breaksAt;
  const char* repaired;
};

#define R "\xEF\xBF\xBD"
const IllFormed illFormed[] = {
    {"\x80", 0, R},                    // a continuation byte alone
    {"\xBF", 0, R},                    //
    {"\xC0\x80", 0, R R},              // NUL in two bytes
    {"\xC1\xBF", 0, R R},              // ASCII in two bytes
    {"\xE0\x80\x80", 1, R R R},        // in three
    {"\xE0\x9F\xBF", 1, R R R},        //
    {"\xF0\x80\x80\x80", 1, R R R R},  // in four
    {"\xF0\x8F\xBF\xBF", 1, R R R R},  //
    {"\xED\xA0\x80", 1, R R R},        // surrogates
    {"\xED\xBF\xBF", 1, R R R},        //
    {"\xED\xA1\x8C\xED\xBE\xB4", 1, R R R R R R},
    {"\xF4\x90\x80\x80", 1, R R R R},  // beyond U+10FFFF
    {"\xF5\x80\x80\x80", 0, R R R R},  //
    {"\xFE", 0, R},                    // no UTF-8 at all
    {"\xFF", 0, R},                    //
    {"\xC3\x28", 1, R "("},            // a sequence that is broken off
    {"\xE2\x82\x28", 2, R "("},        //
    {"\xF0\x9F\x98\x28", 3, R "("},    //
    {"\xE2\xE2\x82\xAC", 1, R "\xE2\x82\xAC"},
    {"\xC3", std::string::npos, R},          // one that is cut off
    {"\xE2\x82", std::string::npos, R},      //
    {"\xF0\x9F\x98", std::string::npos, R},  //
    {"a\xF0\x9F\x98", std::string::npos, "a" R},
    {"a\x80z", 1, "a" R "z"},
    // Autobahn's: "κόσμε" and beyond.
    {"\xCE\xBA\xE1\xBD\xB9\xCF\x83\xCE\xBC\xCE\xB5\xF4\x90\x80\x80"
     "edited",
     12, "\xCE\xBA\xE1\xBD\xB9\xCF\x83\xCE\xBC\xCE\xB5" R R R R "edited"},
};

const std::string wellFormed[] = {
    "",
    "Hello",
    "\0"s,
    "\x7F",
    "\xC2\x80",
    "\xDF\xBF",
    "\xE0\xA0\x80",
    "\xED\x9F\xBF",
    "\xEE\x80\x80",
    "\xEF\xBF\xBF",
    "\xF0\x90\x80\x80",
    "\xF4\x8F\xBF\xBF",
    "\xEF\xBB\xBF"
    "a byte order mark is text",
    "\xCE\xBA\xE1\xBD\xB9\xCF\x83\xCE\xBC\xCE\xB5",
    "\xF0\x9F\x98\x80\xF0\x9F\x98\x81",
};

}  // namespace

TEST_CASE("well-formed text passes whole and cut in two at every place") {
  for (const std::string& text : wellFormed) {
    CAPTURE(text);
    CHECK(isValidUtf8(asBytes(text)));
    CHECK(repairUtf8(text) == text);
    CHECK(accepted(text) == text.size());
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
      Utf8Checker checker;
      CHECK(checker.feed(asBytes(text).first(cut)));
      CHECK(checker.feed(asBytes(text).subspan(cut)));
      CHECK(checker.complete());
    }
  }
}

TEST_CASE("ill-formed text fails at the first byte that breaks it") {
  for (const IllFormed& row : illFormed) {
    CAPTURE(row.text);
    CHECK_FALSE(isValidUtf8(asBytes(row.text)));
    CHECK(repairUtf8(row.text) == row.repaired);
    CHECK(accepted(row.text) == std::min(row.breaksAt, row.text.size()));
    for (std::size_t cut = 0; cut <= row.text.size(); ++cut) {
      Utf8Checker checker;
      const bool firstPart = checker.feed(asBytes(row.text).first(cut));
      CHECK(firstPart == (row.breaksAt == std::string::npos || cut <= row.breaksAt));
      const bool bothParts = checker.feed(asBytes(row.text).subspan(cut));
      CHECK(bothParts == (row.breaksAt == std::string::npos));
      if (bothParts) CHECK_FALSE(checker.complete());
    }
  }
}

TEST_CASE("ill-formed text fails wherever it lies in a long one") {
  for (const IllFormed& row : illFormed) {
    for (std::size_t before : {0U, 1U, 7U, 31U, 63U, 64U, 65U, 200U}) {
      for (std::size_t after : {0U, 1U, 64U}) {
        const std::string text = std::string(before, 'a') + row.text + std::string(after, 'z');
        REQUIRE_FALSE(isValidUtf8(asBytes(text)));
        Utf8Checker checker;
        const bool fed = checker.feed(asBytes(text));
        REQUIRE_FALSE((fed && checker.complete()));
        if (row.breaksAt != std::string::npos || after > 0) REQUIRE_FALSE(fed);
      }
    }
  }
}

TEST_CASE("a checker that said no keeps to it") {
  Utf8Checker checker;
  CHECK_FALSE(checker.feed(asBytes("\xFF")));
  CHECK_FALSE(checker.feed(asBytes("fine")));
  CHECK_FALSE(checker.feed({}));
}

TEST_CASE("every code point, and every surrogate") {
  for (std::uint32_t point = 0; point <= 0x10FFFF; ++point) {
    std::string text;
    const auto tail = [&](unsigned shift) { text += static_cast<char>(0x80 | (point >> shift & 0x3F)); };
    if (point < 0x80) {
      text += static_cast<char>(point);
    } else if (point < 0x800) {
      text += static_cast<char>(0xC0 | point >> 6);
      tail(0);
    } else if (point < 0x10000) {
      text += static_cast<char>(0xE0 | point >> 12);
      tail(6);
      tail(0);
    } else {
      text += static_cast<char>(0xF0 | point >> 18);
      tail(12);
      tail(6);
      tail(0);
    }
    const bool surrogate = point >= 0xD800 && point <= 0xDFFF;
    REQUIRE(isValidUtf8(asBytes(text)) == !surrogate);
    REQUIRE((accepted(text) == text.size()) == !surrogate);
  }
}

TEST_CASE("any bytes, cut anywhere: the parts agree with the whole, and repair gives valid text") {
  std::mt19937 random(5);
  const std::string pieces[] = {"a",        "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80",
                                "\xF0\x9F", "\x80",     "\xED",         "\xFF"};
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    const std::size_t kinds = random() % 3 == 0 ? 8 : 4;
    for (std::size_t i = random() % 40; i > 0; --i) text += pieces[random() % kinds];
    Utf8Checker checker;
    bool fed = true;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t size = std::min<std::size_t>(1 + random() % 20, text.size() - at);
      fed = checker.feed(asBytes(text).subspan(at, size));
      at += size;
    }
    REQUIRE((fed && checker.complete()) == isValidUtf8(asBytes(text)));
    REQUIRE(isValidUtf8(asBytes(repairUtf8(text))));
  }
}
