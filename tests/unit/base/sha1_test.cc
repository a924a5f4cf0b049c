#include "base/sha1.h"

#include <doctest/doctest.h>

#include <string>

namespace {

std::string hex(const std::array<std::byte, 20>& digest) {
  std::string text;
  for (std::byte byte : digest) {
    for (unsigned nibble : {std::to_integer<unsigned>(byte) >> 4, std::to_integer<unsigned>(byte) & 15}) {
      text += "0123456789abcdef"[nibble];
    }
  }
  return text;
}

}  // namespace

TEST_CASE("the vectors of FIPS 180") {
  CHECK(hex(duplex::sha1({})) == "da39a3ee5e6b4b0d3255bfef95601890afd80709");
  CHECK(hex(duplex::sha1(duplex::asBytes("abc"))) == "a9993e364706816aba3e25717850c26c9cd0d89d");
  CHECK(hex(duplex::sha1(duplex::asBytes(std::string(1'000'000, 'a')))) ==
        "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
}
