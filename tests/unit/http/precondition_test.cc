#include "http/precondition.h"

#include <doctest/doctest.h>

using namespace duplex;
using namespace duplex::http;

namespace {

const char* const earlier = "Sun, 06 Nov 1994 08:49:36 GMT";
const char* const same = "Sun, 06 Nov 1994 08:49:37 GMT";
const Validators validators{"W/\"a\"", 784111777};

Precondition judge(std::vector<Field> fields) {
  RequestHead head;
  head.fields = std::move(fields);
  return evaluate(head, validators);
}
bool ranges(std::vector<Field> fields) {
  RequestHead head;
  head.fields = std::move(fields);
  return rangeApplies(head, validators);
}

}  // namespace

TEST_CASE("preconditions, in their order") {
  CHECK(judge({}) == Precondition::Send);
  CHECK(judge({{"If-None-Match", "\"a\""}}) == Precondition::NotModified);
  CHECK(judge({{"If-None-Match", "\"b\""}}) == Precondition::Send);
  CHECK(judge({{"If-Modified-Since", same}}) == Precondition::NotModified);
  CHECK(judge({{"If-Modified-Since", earlier}}) == Precondition::Send);
  CHECK(judge({{"If-Modified-Since", "nonsense"}}) == Precondition::Send);
  // The tag counts more than the date.
  CHECK(judge({{"If-None-Match", "\"b\""}, {"If-Modified-Since", same}}) == Precondition::Send);
  CHECK(judge({{"If-Match", "\"a\""}}) == Precondition::Send);
  CHECK(judge({{"If-Match", "\"b\""}}) == Precondition::Failed);
  CHECK(judge({{"If-Unmodified-Since", earlier}}) == Precondition::Failed);
  CHECK(judge({{"If-Unmodified-Since", same}}) == Precondition::Send);
  CHECK(judge({{"If-Match", "\"a\""}, {"If-Unmodified-Since", earlier}}) == Precondition::Send);
}

TEST_CASE("If-Range lets a range through for what has not changed") {
  CHECK(ranges({}));
  CHECK(ranges({{"If-Range", "W/\"a\""}}));
  CHECK(ranges({{"If-Range", same}}));
  CHECK_FALSE(ranges({{"If-Range", "\"b\""}}));
  CHECK_FALSE(ranges({{"If-Range", earlier}}));
  CHECK_FALSE(ranges({{"If-Range", "*"}}));
}
