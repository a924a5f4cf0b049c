#include "bench/options.h"

#include <doctest/doctest.h>

#include <stdexcept>

#include <duplex/error.h>

using duplex::bench::parseSize;
using duplex::bench::splitHeader;

TEST_CASE("sizes are bytes, or powers of 1024") {
  CHECK(parseSize("0") == 0);
  CHECK(parseSize("20") == 20);
  CHECK(parseSize("16K") == 16 * 1024);
  CHECK(parseSize("16k") == 16 * 1024);
  CHECK(parseSize("1M") == 1024 * 1024);
  CHECK(parseSize("1m") == 1024 * 1024);
}

TEST_CASE("what is no size is refused") {
  for (const char* text : {"", "K", "1.5K", "-1", "+1", " 1", "1 ", "1KB", "1G", "0x10", "1KK",
                           "18446744073709551616", "18446744073709551615K", "18014398509481985K"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(parseSize(text), std::invalid_argument);
  }
}

TEST_CASE("a header is a name and a value") {
  using Pair = std::pair<std::string, std::string>;
  CHECK(splitHeader("Name: value") == Pair("Name", "value"));
  CHECK(splitHeader("Name:value: more") == Pair("Name", "value: more"));
  CHECK(splitHeader("Name:  ") == Pair("Name", ""));
  CHECK_THROWS_AS(splitHeader("no colon"), duplex::SyntaxError);
}
