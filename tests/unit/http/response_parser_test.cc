#include "http/response_parser.h"

#include <doctest/doctest.h>

#include <string>

using namespace duplex;
using http::ResponseHeadParser;
using Result = ResponseHeadParser::Result;
using namespace std::string_literals;

namespace {

const std::string answer =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX:\r\n\r\n";

Result feed(ResponseHeadParser& parser, std::string_view text, std::size_t piece, std::size_t& consumed) {
  consumed = 0;
  Result result = Result::NeedMore;
  while (result == Result::NeedMore && consumed < text.size()) {
    std::size_t used = 0;
    result = parser.feed(asBytes(text.substr(consumed, piece)), used);
    consumed += used;
  }
  return result;
}

Errc errorOf(const std::string& text) {
  ResponseHeadParser parser(4096);
  std::size_t consumed = 0;
  CHECK(feed(parser, text, 1, consumed) == Result::Failed);
  return parser.error();
}

}  // namespace

TEST_CASE("a head is read, and what follows is left") {
  for (const std::size_t piece : {std::size_t(1), std::size_t(7), std::size_t(10'000)}) {
    ResponseHeadParser parser(4096);
    std::size_t consumed = 0;
    REQUIRE(feed(parser, answer + "\x81\x05Hello\r\n\r\n", piece, consumed) == Result::Complete);
    CHECK(consumed == answer.size());
    CHECK(parser.status() == 101);
    CHECK(parser.version() == 11);
    REQUIRE(parser.headers().size() == 3);
    CHECK(parser.headers()[0].name == "Upgrade");
    CHECK(parser.headers()[0].value == "websocket");
    CHECK(parser.headers()[2].value == "");
  }
}

TEST_CASE("interim responses are passed over") {
  const std::string hints = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
  for (const std::size_t piece : {std::size_t(1), std::size_t(7), std::size_t(10'000)}) {
    ResponseHeadParser parser(4096);
    std::size_t consumed = 0;
    REQUIRE(feed(parser, hints + answer + "\x81\x05Hello", piece, consumed) == Result::Complete);
    CHECK(consumed == hints.size() + answer.size());
    CHECK(parser.status() == 101);
    REQUIRE(parser.headers().size() == 3);
    CHECK(parser.headers()[0].name == "Upgrade");
  }
}

TEST_CASE("a body is not waited for") {
  ResponseHeadParser parser(4096);
  std::size_t consumed = 0;
  CHECK(feed(parser, "HTTP/1.0 404 Not Found\r\nContent-Length: 1000000000000\r\n\r\n", 1, consumed) ==
        Result::Complete);
  CHECK(parser.status() == 404);
  CHECK(parser.version() == 10);
}

TEST_CASE("what is no response fails") {
  CHECK(errorOf("SSH-2.0-x\r\n") == Errc::BadResponse);
  CHECK(errorOf("HTTP/2.0 200 OK\r\n\r\n") == Errc::BadResponse);
  CHECK(errorOf("HTTP/1.1 20 OK\r\n\r\n") == Errc::BadResponse);
  CHECK(errorOf("HTTP/1.1 099 OK\r\n\r\n") == Errc::BadResponse);
  CHECK(errorOf("HTTP/1.1 101 OK\r\nUpgrade: a\r\n b\r\n\r\n") == Errc::BadResponse);
  CHECK(errorOf("HTTP/1.1 101 OK\nUpgrade: a\r\n\r\n") == Errc::BadResponse);
  CHECK(errorOf("HTTP/1.1 101 OK\r\nno colon\r\n\r\n") == Errc::BadResponse);
  CHECK(errorOf("HTTP/1.1 101 OK\r\nX: a\rb\r\n\r\n") == Errc::BadResponse);
  CHECK(errorOf("HTTP/1.1 101 O\rK\r\n\r\n") == Errc::BadResponse);
  CHECK(errorOf("HTTP/1.1 101 OK\r\nX: a"s + '\0' + "b\r\n\r\n") == Errc::BadResponse);
}

TEST_CASE("its size is bounded") {
  CHECK(errorOf("HTTP/1.1 101 OK\r\nX: " + std::string(5000, 'x')) == Errc::HeaderTooLarge);
  std::string many;
  for (int i = 0; i < 300; ++i) many += "A: b\r\n";
  CHECK(errorOf("HTTP/1.1 101 OK\r\n" + many + "\r\n") == Errc::HeaderTooLarge);
}
