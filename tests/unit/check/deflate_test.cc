// The checker's own compressor and inflater (RFC 7692 §7.2).
#include "check/deflate.h"

#include <doctest/doctest.h>

#include <string>

#include "check/payload.h"

using namespace duplex::check;
using namespace std::string_literals;

namespace {
constexpr std::size_t many = 1 << 20;
}

TEST_CASE("the examples of RFC 7692 §7.2.3 are inflated") {
  Inflater kept(15, false);
  CHECK(kept.message("\xF2\x48\xCD\xC9\xC9\x07\x00"s, many) == "Hello");
  CHECK(kept.message("\xF2\x00\x11\x00\x00"s, many) == "Hello");
  CHECK(kept.message("\x00\x05\x00\xFA\xFFHello\x00"s, many) == "Hello");
  CHECK(kept.message("\xF3\x48\xCD\xC9\xC9\x07\x00\x00"s, many) == "Hello");
  CHECK(kept.message("\xF2\x48\x05\x00\x00\x00\xFF\xFF\xCA\xC9\xC9\x07\x00"s, many) == "Hello");
  CHECK(kept.message("\x00"s, many) == "");
  Inflater forgetful(15, true);
  CHECK(forgetful.message("\xF2\x48\xCD\xC9\xC9\x07\x00"s, many) == "Hello");
  CHECK(!forgetful.message("\xF2\x00\x11\x00\x00"s, many));
}

TEST_CASE("what follows a block that says it is the last refers to the same window") {
  const std::string last = "\xF3\x48\xCD\xC9\xC9\x07\x00"s;
  const std::string again = "\xF2\x00\x11\x00\x00"s;
  Inflater kept(15, false);
  CHECK(kept.message(last + '\0', many) == "Hello");
  CHECK(kept.message(again, many) == "Hello");
  for (const bool noTakeover : {false, true}) {
    CHECK(Inflater(15, noTakeover).message(last + again, many) == "HelloHello");
  }
}

TEST_CASE("messages survive every window, kept and not") {
  for (int bits = 8; bits <= 15; ++bits) {
    for (const bool noTakeover : {false, true}) {
      Deflater out(bits, noTakeover);
      Inflater in(bits, noTakeover);
      for (const std::size_t size : {0UL, 1UL, 300UL, 5'000UL, 70'000UL, 300UL, 0UL}) {
        for (const std::string& text : {Payload::json(size).bytes(), Payload::noise(size).bytes()}) {
          CHECK(in.message(out.message(text), many) == text);
        }
      }
    }
  }
}

TEST_CASE("a window that is too small, a limit, and no DEFLATE are noticed") {
  const std::string text = Payload::noise(2'000).bytes();
  Deflater wide(15, false);
  Inflater narrow(9, false);
  CHECK(narrow.message(wide.message(text), many) == text);
  // The whole text again, as a reference to 2,000 bytes back.
  CHECK(!narrow.message(wide.message(text), many));
  Inflater limited(15, false);
  CHECK(!limited.message(Deflater(15, false).message(Payload::repeated("x", 1'001).bytes()), 1'000));
  CHECK(!Inflater(15, false).message("\xFF\xFF\xFF", many));
}
