#include "http/etag.h"

#include <doctest/doctest.h>

using namespace duplex;
using namespace duplex::http;

TEST_CASE("tags tell bodies apart") {
  const std::string tag = makeEtag(asBytes("hello"));
  CHECK(tag == makeEtag(asBytes("hello")));
  CHECK(tag != makeEtag(asBytes("hallo")));
  CHECK(tag != makeEtag(asBytes("hello ")));
  CHECK(tag.starts_with("W/\""));
  CHECK(tag.back() == '"');
  CHECK(makeEtag(1, {.tv_sec = 2, .tv_nsec = 3}) != makeEtag(1, {.tv_sec = 2, .tv_nsec = 4}));
}

TEST_CASE("a list has a tag, weak or strong") {
  CHECK(hasEtag("\"a\"", "\"a\""));
  CHECK(hasEtag("W/\"a\"", "\"a\""));
  CHECK(hasEtag("\"x\", W/\"b,c\" , \"a\"", "W/\"b,c\""));
  CHECK(hasEtag("*", "\"a\""));
  CHECK_FALSE(hasEtag("\"b\"", "\"a\""));
  CHECK_FALSE(hasEtag("a", "\"a\""));
  CHECK_FALSE(hasEtag("\"a", "\"a\""));
  CHECK_FALSE(hasEtag("", "\"a\""));
}
