#include "http/header_block.h"

#include <doctest/doctest.h>

#include <stdexcept>

using duplex::http::HeaderBlock;

TEST_CASE("headers are set, added, found and removed, their names in any case") {
  HeaderBlock block;
  block.set("X-One", "1");
  block.append("x-two", "2");
  block.append("X-Two", "3");
  CHECK(block.lines() == "X-One: 1\r\nx-two: 2\r\nX-Two: 3\r\n");
  CHECK(block.get("x-ONE") == "1");
  CHECK(block.get("X-TWO") == "2");
  CHECK(block.get("X-Tw") == "");
  CHECK(block.get("X-Two2") == "");
  CHECK_FALSE(block.has("One"));
  block.set("X-TWO", block.get("x-two"));  // a view into the block itself
  CHECK(block.lines() == "X-One: 1\r\nX-TWO: 2\r\n");
  block.remove("x-one");
  block.remove("absent");
  CHECK(block.lines() == "X-TWO: 2\r\n");
  block.set("Empty", "");
  CHECK(block.has("empty"));
  CHECK(block.get("empty") == "");
}

TEST_CASE("nothing that is not one header gets in") {
  HeaderBlock block;
  for (const std::string_view value : {std::string_view("a\r\nSet-Cookie: x"), std::string_view("a\nb"),
                                       std::string_view("a\r"), std::string_view("a\0b", 3)}) {
    CHECK_THROWS_AS(block.set("X", value), std::invalid_argument);
    CHECK_THROWS_AS(block.append("X", value), std::invalid_argument);
  }
  for (const char* name : {"", "a b", "a:", "a\r\nb", "\xc3\xa9", "a\n"}) {
    CHECK_THROWS_AS(block.set(name, "x"), std::invalid_argument);
  }
  CHECK(block.empty());
}
