#include "http/request_parser.h"

#include <doctest/doctest.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include <duplex/http_limits.h>

using namespace duplex;
using http::RequestHead;
using http::RequestParser;
using Event = RequestParser::Event;
using namespace std::string_literals;

namespace {

/// What became of one message, fed in pieces of a size.
struct Outcome {
  Event event = Event::NeedMore;
  RequestHead head;
  std::string body;
  int status = 0;
  Errc error{};
  std::size_t consumed = 0;
};

void feed(Outcome& outcome, std::string_view text, std::size_t piece, const HttpLimits& limits = {}) {
  RequestParser parser(limits);
  parser.start(outcome.head, outcome.body);
  while (outcome.event != Event::Complete && outcome.event != Event::Failed) {
    const std::size_t size = std::min(piece, text.size() - outcome.consumed);
    std::size_t used = 0;
    const bool atEnd = outcome.consumed == text.size();
    outcome.event = parser.feed(asBytes(text.substr(outcome.consumed, size)), used);
    outcome.consumed += used;
    if (outcome.event == Event::NeedMore && atEnd) break;
  }
  outcome.status = parser.status();
  outcome.error = parser.error();
}

/// Whole, byte by byte, and in threes.
constexpr std::size_t pieces[] = {1'000'000, 1, 3};

void refused(const std::string& text, int status) {
  CAPTURE(text);
  for (const std::size_t piece : pieces) {
    Outcome outcome;
    feed(outcome, text, piece);
    CHECK(outcome.event == Event::Failed);
    CHECK(outcome.status == status);
  }
}

void accepted(const std::string& text, std::string_view body) {
  CAPTURE(text);
  for (const std::size_t piece : pieces) {
    Outcome outcome;
    feed(outcome, text + "GET /next", piece);
    REQUIRE(outcome.event == Event::Complete);
    CHECK(outcome.body == body);
    CHECK(outcome.consumed == text.size());
  }
}

std::string get(const std::string& lines) {
  return "GET / HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n";
}
std::string post(const std::string& lines, const std::string& body) {
  return "POST / HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n" + body;
}

}  // namespace

TEST_CASE("a head is taken apart") {
  for (const std::size_t piece : pieces) {
    Outcome outcome;
    feed(outcome, "GET /a%20b?c=d&e HTTP/1.1\r\nHost: example.com:80\r\nX-One:  1 \r\nx-one: 2\r\n\r\n",
         piece);
    REQUIRE(outcome.event == Event::Complete);
    const RequestHead& head = outcome.head;
    CHECK(head.method == "GET");
    CHECK(head.target == "/a%20b?c=d&e");
    CHECK(head.path == "/a%20b");
    CHECK(head.query == "c=d&e");
    CHECK(head.authority == "example.com:80");
    CHECK(head.version == 11);
    CHECK(head.keepAlive);
    REQUIRE(head.fields.size() == 3);
    CHECK(head.fields[1].name == "X-One");
    CHECK(head.fields[1].value == "1");
    CHECK(head.value("X-ONE") == "1");
    CHECK(head.find("X-Two") == nullptr);
    CHECK_FALSE(head.upgrade);
  }
}

TEST_CASE("an absolute target names the host, whatever Host says") {
  Outcome outcome;
  feed(outcome, "GET ws://localhost:5000 HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n\r\n", 1);
  REQUIRE(outcome.event == Event::Complete);
  CHECK(outcome.head.authority == "localhost:5000");
  CHECK(outcome.head.path == "/");
  CHECK(outcome.head.target == "/");
  CHECK(outcome.head.upgrade);

  Outcome query;
  feed(query, "GET http://[::1]:8?x=%31 HTTP/1.1\r\nHost: b\r\n\r\n", 1);
  REQUIRE(query.event == Event::Complete);
  CHECK(query.head.authority == "[::1]:8");
  CHECK(query.head.target == "/?x=%31");
  CHECK(query.head.query == "x=%31");
}

TEST_CASE("versions and the connection's persistence") {
  const auto keepAlive = [](const std::string& text) {
    Outcome outcome;
    feed(outcome, text, 1000);
    REQUIRE(outcome.event == Event::Complete);
    return outcome.head.keepAlive;
  };
  CHECK(keepAlive(get("")));
  CHECK_FALSE(keepAlive(get("Connection: close\r\n")));
  CHECK_FALSE(keepAlive(get("Connection: foo, CLOSE\r\n")));
  CHECK_FALSE(keepAlive("GET / HTTP/1.0\r\n\r\n"));
  CHECK_FALSE(keepAlive(get("Connection: Upgrade\r\nUpgrade: h2c, WebSocket\r\n")));
  CHECK_FALSE(keepAlive("POST / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n"));
  CHECK(keepAlive(get("Connection: Upgrade\r\nUpgrade: h2c\r\n")));
  CHECK(keepAlive("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"));
  refused("GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505);
  refused("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505);
  refused("GET / HTTP/0.9\r\n\r\n", 505);
  refused("GET / HTTP/11\r\nHost: a\r\n\r\n", 400);
  refused("GET / http/1.1\r\nHost: a\r\n\r\n", 400);
  refused("GET /\r\n\r\n", 400);
}

TEST_CASE("bodies end where they say") {
  accepted(get(""), "");
  accepted(post("Content-Length: 5\r\n", "hello"), "hello");
  accepted(post("Content-Length: 0\r\n", ""), "");
  accepted(post("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n6;x=\"y\"\r\n world\r\n0\r\n\r\n"),
           "hello world");
  accepted(post("Transfer-Encoding: Chunked\r\n", "00a\r\n0123456789\r\n000\r\nX-Trailer: 1\r\n\r\n"),
           "0123456789");
  accepted("\r\n\r\n" + get(""), "");
}

TEST_CASE("a trailer is no header") {
  Outcome outcome;
  feed(outcome, post("Transfer-Encoding: chunked\r\n", "0\r\nX-User: admin\r\nHost: b\r\n\r\n"), 1);
  REQUIRE(outcome.event == Event::Complete);
  CHECK(outcome.head.find("X-User") == nullptr);
  CHECK(outcome.head.authority == "a");
}

TEST_CASE("what could be framed in two ways is refused") {
  refused(post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400);
  refused(post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"), 400);
  refused(post("Content-Length: 5\r\nContent-Length: 5\r\n", "hello"), 400);
  refused(post("Content-Length: 5\r\nContent-Length: 6\r\n", "hello"), 400);
  refused(post("Content-Length: 5, 5\r\n", "hello"), 400);
  for (const char* length : {"+5", "-5", "0x5", "5 5", "", "5a", "99999999999999999999999"}) {
    refused(post(std::string("Content-Length: ") + length + "\r\n", "hello"), 400);
  }
  refused("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400);
  refused(post("Transfer-Encoding: gzip\r\n", ""), 501);
  refused(post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), 501);
  refused(post("Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n"), 501);
  refused(post("Transfer-Encoding: identity\r\n", ""), 501);
  refused(post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400);
  refused(post("Transfer-Encoding : chunked\r\n", "0\r\n\r\n"), 400);
  refused(post("Transfer-Encoding:\x0b"
               "chunked\r\n",
               "0\r\n\r\n"),
          400);
}

TEST_CASE("chunks are read strictly") {
  const std::string chunked = "Transfer-Encoding: chunked\r\n";
  refused(post(chunked, "5\r\nhelloX\r\n0\r\n\r\n"), 400);  // two bytes that are not CRLF after the data
  refused(post(chunked, "5\nhello\r\n0\r\n\r\n"), 400);
  refused(post(chunked, "g\r\n\r\n"), 400);
  refused(post(chunked, "-1\r\n\r\n"), 400);
  refused(post(chunked, "0x5\r\nhello\r\n0\r\n\r\n"), 400);
  refused(post(chunked, "ffffffffffffffff1\r\n\r\n"), 400);  // over 64 bits
  refused(post(chunked, "fffffffffffffff0\r\n"), 413);
  refused(post(chunked, "0\r\nContent-Length: 5\r\n\r\n"), 400);
  refused(post(chunked, "0\r\nbad header\r\n\r\n"), 400);
  // No line ends in a quoted string, and what follows is not waited for.
  refused(post(chunked, "5;x=\"y\r\n"), 400);
  refused(post(chunked, "5;x=\"y\r\nhello\r\n0\r\n\"\r\n\r\n"), 400);
  refused(post(chunked, "5;x=\"\\\"\r\nhello\r\n0\r\n\r\n"), 400);
  refused(post(chunked, "5\r\nhello\r\n1;x=\"y\r\n"), 400);
  refused(post(chunked, "0;x=\"y\r\n"), 400);
  accepted(post(chunked, "5;x=\"y\\\"\";z=\"\"\r\nhello\r\n0;x=\"\"\r\nY: \"\r\n\r\n"), "hello");
  refused(post(chunked, "1;" + std::string(20'000, 'x')), 431);
  std::string many;
  for (int i = 0; i < 4000; ++i) many += "1;extension\r\nx\r\n";
  refused(post(chunked, many), 431);
  std::string trailers;
  for (int i = 0; i < 2000; ++i) trailers += "X: yyyyy\r\n";
  refused(post(chunked, "0\r\n" + trailers + "\r\n"), 431);
}

TEST_CASE("lines end with CRLF, and nothing is folded") {
  refused("GET / HTTP/1.1\nHost: a\n\n\r\n\r\n", 400);
  refused("GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", 400);
  refused("GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n", 400);
  refused(get("X: a\r\n b\r\n"), 400);
  refused(get("X: a\r\n\tb\r\n"), 400);
  refused("GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400);
  refused(get("X: a"s + '\0' + "b\r\n"), 400);
  refused("GET /"s + '\0' + " HTTP/1.1\r\nHost: a\r\n\r\n", 400);
  refused("GET /\r HTTP/1.1\r\nHost: a\r\n\r\n", 400);
  refused(get("X\r: a\r\n"), 400);
  refused(get("X: a\r\r\n"), 400);
  refused(get("X: \ra\r\n"), 400);
  refused(get("\rX: a\r\n"), 400);
  refused(get("X:\r\n\ta\r\n"), 400);
  refused(get("X Y: a\r\n"), 400);
  refused(get("X : a\r\n"), 400);
  refused(get(": a\r\n"), 400);
  refused(get("no colon\r\n"), 400);
  refused(get("X: \x01\r\n"), 400);
}

TEST_CASE("Host is there once") {
  refused("GET / HTTP/1.1\r\n\r\n", 400);
  refused("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400);
  refused("GET http://b/ HTTP/1.1\r\n\r\n", 400);
  for (const char* host : {"a b", "a/b", "a@b", "a:b", "a:999999", "[::1", ":80", "<x>"}) {
    refused(std::string("GET / HTTP/1.1\r\nHost: ") + host + "\r\n\r\n", 400);
  }
  for (const char* host : {"a", "a.b-c_d:80", "127.0.0.1", "[::1]:80", "", "a:"}) {
    accepted(std::string("GET / HTTP/1.1\r\nHost: ") + host + "\r\n\r\n", "");
  }
  accepted("GET / HTTP/1.0\r\n\r\n", "");
}

TEST_CASE("targets") {
  for (const char* target : {"", "a", "/a#b", "/\x7f", "/a\tb", "*", "http://", "http:///a", "ftp://a/",
                             "http://u@a/", "http://a b/", "http://a:80b/", "a:80", "//\x01"}) {
    refused(std::string("GET ") + target + " HTTP/1.1\r\nHost: a\r\n\r\n", 400);
  }
  refused("GET / /x HTTP/1.1\r\nHost: a\r\n\r\n", 400);
  refused("CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n", 400);
  accepted("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "");
  accepted("GET //a/../%zz HTTP/1.1\r\nHost: a\r\n\r\n", "");
}

TEST_CASE("what is no HTTP is refused at once") {
  RequestHead head;
  std::string body;
  const HttpLimits limits;
  RequestParser parser(limits);
  parser.start(head, body);
  std::size_t used = 0;
  CHECK(parser.feed(asBytes(std::string_view("\x16\x03\x01", 3)), used) == Event::Failed);
  CHECK(parser.status() == 400);
}

TEST_CASE("expectations") {
  Outcome outcome;
  feed(outcome, post("Expect: 100-Continue\r\nContent-Length: 1\r\n", "x"), 1);
  CHECK(outcome.event == Event::Complete);
  CHECK(outcome.head.expectContinue);
  refused(post("Expect: a-miracle\r\n", ""), 417);
}

TEST_CASE("limits hold exactly") {
  HttpLimits limits{.maxHeaderSize = 200, .maxHeaders = 3, .maxBodySize = 10};
  const auto outcomeOf = [&](const std::string& text) {
    Outcome outcome;
    feed(outcome, text, 1, limits);
    return outcome.event == Event::Failed ? outcome.status : 0;
  };
  const std::string rest = get("X: \r\n");
  CHECK(outcomeOf(get("X: " + std::string(200 - rest.size(), 'x') + "\r\n")) == 0);
  CHECK(outcomeOf(get("X: " + std::string(201 - rest.size(), 'x') + "\r\n")) == 431);
  CHECK(outcomeOf(get("A: 1\r\nB: 2\r\n")) == 0);
  CHECK(outcomeOf(get("A: 1\r\nB: 2\r\nC: 3\r\n")) == 431);
  CHECK(outcomeOf(post("Content-Length: 10\r\n", "0123456789")) == 0);
  CHECK(outcomeOf(post("Content-Length: 11\r\n", "")) == 413);
  CHECK(outcomeOf(post("Transfer-Encoding: chunked\r\n", "a\r\n0123456789\r\n0\r\n\r\n")) == 0);
  CHECK(outcomeOf(post("Transfer-Encoding: chunked\r\n", "a\r\n0123456789\r\n1\r\nx")) == 413);
}

TEST_CASE("two thousand headers and a head without an end stop at the limits") {
  std::string many;
  for (int i = 0; i < 2000; ++i) many += "A: b\r\n";
  refused(get(many), 431);

  const HttpLimits limits;
  RequestHead head;
  std::string body;
  RequestParser parser(limits);
  parser.start(head, body);
  std::size_t fed = 0;
  Event event = Event::NeedMore;
  const std::string start = "GET /";
  while (event == Event::NeedMore && fed < 20'000'000) {
    const char c = fed < start.size() ? start[fed] : 'a';
    std::size_t used = 0;
    event = parser.feed(asBytes(std::string_view(&c, 1)), used);
    ++fed;
  }
  CHECK(event == Event::Failed);
  CHECK(parser.status() == 431);
  CHECK(fed == limits.maxHeaderSize + 1);
}

TEST_CASE("a large head byte by byte takes linear work") {
  // Were every byte to look at all before it again, this would be 2 * 10^12 steps.
  HttpLimits limits{.maxHeaderSize = 4'000'000};
  Outcome outcome;
  feed(outcome, get("X: " + std::string(2'000'000, 'x') + "\r\n"), 1, limits);
  CHECK(outcome.event == Event::Complete);
}

TEST_CASE("a parser reads one message after the other") {
  const HttpLimits limits;
  RequestParser parser(limits);
  std::string_view text =
      "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nxGET /2 HTTP/1.1\r\nHost: a\r\n\r\n";
  for (const char* path : {"/1", "/2"}) {
    RequestHead head;
    std::string body;
    parser.start(head, body);
    CHECK_FALSE(parser.began());
    Event event = Event::NeedMore;
    while (event != Event::Complete) {
      std::size_t used = 0;
      event = parser.feed(asBytes(text), used);
      REQUIRE(event != Event::Failed);
      text.remove_prefix(used);
    }
    CHECK(head.path == path);
  }
  CHECK(text.empty());
}
