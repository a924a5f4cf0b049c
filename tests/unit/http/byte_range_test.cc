#include "http/byte_range.h"

#include <doctest/doctest.h>

using namespace duplex::http;
using Kind = ByteRange::Kind;

namespace {

void part(const char* value, std::uint64_t offset, std::uint64_t length) {
  CAPTURE(value);
  const ByteRange range = parseRange(value, 100);
  CHECK(range.kind == Kind::Part);
  CHECK(range.offset == offset);
  CHECK(range.length == length);
}

}  // namespace

TEST_CASE("parts") {
  part("bytes=0-0", 0, 1);
  part("bytes=10-19", 10, 10);
  part("bytes=90-", 90, 10);
  part("bytes=90-1000", 90, 10);
  part("bytes=-10", 90, 10);
  part("bytes=-1000", 0, 100);
  part("Bytes = 0 - 1 ", 0, 2);
}

TEST_CASE("what the body has not") {
  for (const char* value : {"bytes=100-", "bytes=100-200", "bytes=-0", "bytes=18446744073709551615-"}) {
    CHECK(parseRange(value, 100).kind == Kind::Unsatisfiable);
  }
  CHECK(parseRange("bytes=0-", 0).kind == Kind::Unsatisfiable);
}

TEST_CASE("what is ignored") {
  for (const char* value :
       {"", "bytes", "bytes=", "bytes=-", "bytes=5", "bytes=5-4", "bytes=0-1,3-4", "lines=0-1", "bytes=a-b",
        "bytes=+1-2", "bytes=1-2-3", "bytes=99999999999999999999-"}) {
    CAPTURE(value);
    CHECK(parseRange(value, 100).kind == Kind::Whole);
  }
}
