#include "http/head_buffer.h"

#include <doctest/doctest.h>

using namespace duplex;
using namespace duplex::http;
using Result = HeadBuffer::Result;

TEST_CASE("a head is found wherever it is cut") {
  const std::string head = "a: b\r\nc: d\r\n\r\n";
  const std::string text = head + "\r\n\r\nmore";
  for (std::size_t cut = 0; cut < head.size(); ++cut) {
    HeadBuffer buffer(100);
    std::size_t consumed = 0;
    if (cut != 0) {
      CHECK(buffer.feed(asBytes(text.substr(0, cut)), consumed) == Result::NeedMore);
      CHECK(consumed == cut);
      CHECK_FALSE(buffer.empty());
    }
    const std::string rest = text.substr(cut);
    CHECK(buffer.feed(asBytes(rest), consumed) == Result::Complete);
    CHECK(consumed == head.size() - cut);
    CHECK(buffer.head() == head);
    buffer.clear();
    CHECK(buffer.empty());
  }
}

TEST_CASE("the limit counts the whole head") {
  std::size_t consumed = 0;
  CHECK(HeadBuffer(8).feed(asBytes("abcd\r\n\r\n"), consumed) == Result::Complete);
  CHECK(HeadBuffer(7).feed(asBytes("abcd\r\n\r\n"), consumed) == Result::TooLarge);
  HeadBuffer buffer(4);
  CHECK(buffer.feed(asBytes("abcd"), consumed) == Result::NeedMore);
  CHECK(buffer.feed(asBytes("efgh"), consumed) == Result::TooLarge);
  CHECK(consumed == 1);
}

TEST_CASE("lines") {
  CHECK(checkLines("GET\r\na: b\r\nc: d\r\n\r\n", 2) == LineCheck::Ok);
  CHECK(checkLines("GET\r\na: b\r\nc: d\r\n\r\n", 1) == LineCheck::TooMany);
  CHECK(checkLines("GET\r\na: b\r\n c\r\n\r\n", 9) == LineCheck::Malformed);
  CHECK(checkLines("GET\r\na: b\r\n\tc\r\n\r\n", 9) == LineCheck::Malformed);
  CHECK(checkLines("GET\na: b\r\n\r\n", 9) == LineCheck::Malformed);
  CHECK(checkLines("GET\r\n\na: b\r\n\r\n", 9) == LineCheck::Malformed);
}
