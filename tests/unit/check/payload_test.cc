// Payloads by rule.
#include "check/payload.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "base/bytes.h"
#include "protocol/utf8.h"

using namespace duplex;
using check::brief;
using check::Payload;

TEST_CASE("payloads have the size that was asked for, and are the same each time") {
  for (const std::size_t size : {0UL, 1UL, 7UL, 1'000UL, 100'000UL}) {
    for (const Payload& payload :
         {Payload::repeated("abc", size), Payload::json(size, 3), Payload::noise(size, 3)}) {
      CHECK(payload.size() == size);
      CHECK(payload.bytes().size() == size);
      CHECK(payload.bytes() == payload.bytes());
    }
    if (size > 10) CHECK(Payload::json(size, 1).bytes() != Payload::json(size, 2).bytes());
  }
  CHECK(Payload::repeated("abc", 7).bytes() == "abcabca");
  const std::string json = Payload::json(10'000).bytes();
  CHECK(std::all_of(json.begin(), json.end(), [](char c) { return c >= 0x20 && c < 0x7F; }));
}

TEST_CASE("what a person is shown of bytes") {
  CHECK(brief("") == "of 0 bytes");
  CHECK(brief("Hello") == "\"Hello\"");
  CHECK(brief("a\nb") == "610a62");
  CHECK(brief("\xFF") == "ff");
  std::string greek;
  for (int i = 0; i < 50; ++i) greek += "€";
  const std::string shown = brief(greek);
  CHECK(protocol::isValidUtf8(asBytes(shown)));
  CHECK(shown.ends_with("of 150 bytes"));
}
