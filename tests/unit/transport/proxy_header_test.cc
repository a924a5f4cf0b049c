#include "transport/proxy_header.h"

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <string_view>

using namespace duplex;
using transport::ProxyHeader;
using Result = ProxyHeader::Result;

namespace {

/// What is behind a header, and must not be read with it.
constexpr std::string_view behind = "GET / HTTP/1.1\r\nPROXY TCP4";

struct Read {
  Result result;
  std::string source;
  std::string destination;
  /// What was left of the input.
  std::string rest;
  friend bool operator==(const Read&, const Read&) = default;
};

/// Gives the parser `input` in parts of `part` bytes, until it has an opinion.
Read readInParts(std::string input, std::size_t part) {
  ProxyHeader header;
  Result result = Result::NeedMore;
  std::size_t at = 0;
  while (result == Result::NeedMore && at < input.size()) {
    MutableBytes bytes =
        std::as_writable_bytes(std::span(input).subspan(at, std::min(part, input.size() - at)));
    const std::size_t size = bytes.size();
    result = header.feed(bytes);
    at += size - bytes.size();
  }
  return {result, header.source().string(), header.destination().string(),
          result == Result::Complete ? input.substr(at) : ""};
}

Read read(const std::string& input) {
  const Read whole = readInParts(input, input.size());
  for (const std::size_t part : {1u, 2u, 3u, 5u, 7u, 16u, 17u}) {
    CAPTURE(part);
    CHECK((readInParts(input, part) == whole));
  }
  return whole;
}

void passes(const std::string& header, std::string_view source, std::string_view destination) {
  CAPTURE(header);
  const Read whole = read(header + std::string(behind));
  CHECK(whole.result == Result::Complete);
  CHECK(whole.source == source);
  CHECK(whole.destination == destination);
  CHECK(whole.rest == behind);
  // Nothing is missing, and nothing too much: all of its beginnings ask for more.
  for (std::size_t size = 0; size < header.size(); ++size) {
    CAPTURE(size);
    CHECK(readInParts(header.substr(0, size), header.size()).result == Result::NeedMore);
  }
}

void fails(const std::string& header) {
  CAPTURE(header);
  const Read whole = read(header);
  CHECK(whole.result == Result::Malformed);
}

using namespace std::string_literals;

const std::string signature = "\r\n\r\n\0\r\nQUIT\n"s;
const std::string v4 = "\xC0\x00\x02\x01\x0A\x00\x00\x02\x1F\x90\x01\xBB"s;

std::string header(int command, int family, const std::string& body, int length = -1) {
  if (length < 0) length = static_cast<int>(body.size());
  return signature + static_cast<char>(command) + static_cast<char>(family) + static_cast<char>(length >> 8) +
         static_cast<char>(length & 0xFF) + body;
}

std::string value(int type, const std::string& bytes) {
  return static_cast<char>(type) + ""s + static_cast<char>(bytes.size() >> 8) +
         static_cast<char>(bytes.size() & 0xFF) + bytes;
}

}  // namespace

TEST_CASE("version 1: a line") {
  passes("PROXY TCP4 192.0.2.1 10.0.0.2 8080 443\r\n", "192.0.2.1:8080", "10.0.0.2:443");
  passes("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", "255.255.255.255:65535",
         "255.255.255.255:65535");
  passes("PROXY TCP4 0.0.0.0 0.0.0.0 0 0\r\n", "0.0.0.0:0", "0.0.0.0:0");
  passes("PROXY TCP6 2001:db8::1 ::1 1 2\r\n", "[2001:db8::1]:1", "[::1]:2");
  const std::string longest = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
  passes("PROXY TCP6 " + longest + " " + longest + " 65535 65535\r\n", "[" + longest + "]:65535",
         "[" + longest + "]:65535");
  passes("PROXY UNKNOWN\r\n", "", "");
  passes("PROXY UNKNOWN whatever else it says\r\n", "", "");
  // The longest that there may be has 107 bytes.
  passes("PROXY UNKNOWN " + std::string(ProxyHeader::maxLine - 16, 'x') + "\r\n", "", "");
}

TEST_CASE("version 1: what is malformed") {
  for (const char* line : {"",
                           "TCP4",
                           "TCP4 ",
                           "TCP4 192.0.2.1",
                           "TCP4 192.0.2.1 10.0.0.2 80",
                           "TCP4 192.0.2.1 10.0.0.2 80 81 82",
                           "TCP4  192.0.2.1 10.0.0.2 80 81",
                           "TCP4 192.0.2.1 10.0.0.2 80 81 ",
                           " TCP4 192.0.2.1 10.0.0.2 80 81",
                           "TCP4 192.0.2.1 10.0.0.2 80 65536",
                           "TCP4 192.0.2.1 10.0.0.2 -1 81",
                           "TCP4 192.0.2.1 10.0.0.2 +1 81",
                           "TCP4 192.0.2.1 10.0.0.2 080 81",
                           "TCP4 192.0.2.1 10.0.0.2 0x50 81",
                           "TCP4 192.0.2.1 10.0.0.2 80 8 1",
                           "TCP4 192.0.2.1 10.0.0.2 80 ",
                           "TCP4 192.0.2.256 10.0.0.2 80 81",
                           "TCP4 192.0.2 10.0.0.2 80 81",
                           "TCP4 192.0.2.01 10.0.0.2 80 81",
                           "TCP4 2001:db8::1 ::1 80 81",
                           "TCP6 192.0.2.1 10.0.0.2 80 81",
                           "TCP6 [::1] ::1 80 81",
                           "TCP6 ::1 localhost 80 81",
                           "TCP5 192.0.2.1 10.0.0.2 80 81",
                           "tcp4 192.0.2.1 10.0.0.2 80 81",
                           "UDP4 192.0.2.1 10.0.0.2 80 81",
                           "UNKNOWN2",
                           "TCP4 192.0.2.1 10.0.0.2 80 81\r",
                           "TCP4\t192.0.2.1 10.0.0.2 80 81",
                           "TCP4 ::ffff:192.0.2.1 ::1 80 81"}) {
    fails("PROXY " + std::string(line) + "\r\n");
  }
  fails("PROXY TCP4 192.0.2.1 10.0.0.2 80 81\n");
  fails("PROXY\r\n");
  fails("PROXY  UNKNOWN\r\n");
  fails("proxy UNKNOWN\r\n");
  fails("GET / HTTP/1.1\r\n");
  fails("P\r\n");
  fails("PROXY UNKNOWN " + std::string(ProxyHeader::maxLine - 15, 'x') + "\r\n");
  // One that never ends is not waited for.
  fails("PROXY " + std::string(10'000, 'x'));
}

TEST_CASE("version 2: addresses") {
  passes(header(0x21, 0x11, v4), "192.0.2.1:8080", "10.0.0.2:443");
  const std::string v6 =
      "\x20\x01\x0d\xb8"s + std::string(11, '\0') + "\x01"s + std::string(15, '\0') + "\x01\x00\x01\x00\x02"s;
  passes(header(0x21, 0x21, v6), "[2001:db8::1]:1", "[::1]:2");
  // A Unix socket, of which there is no address to tell.
  passes(header(0x21, 0x31, std::string(216, 'p')), "", "");
}

TEST_CASE("version 2: the proxy for itself") {
  passes(header(0x20, 0x00, ""), "", "");
  passes(header(0x21, 0x00, ""), "", "");
  // What LOCAL says besides is not looked at.
  passes(header(0x20, 0x11, v4), "", "");
  passes(header(0x20, 0x00, "anything"), "", "");
  passes(header(0x20, 0xFF, std::string(1000, '\xFF')), "", "");
}

TEST_CASE("version 2: values behind the addresses are passed over") {
  passes(header(0x21, 0x11, v4 + value(4, "")), "192.0.2.1:8080", "10.0.0.2:443");
  passes(
      header(0x21, 0x11, v4 + value(1, "h2") + value(2, "example.com") + value(0x20, std::string(70, 's'))),
      "192.0.2.1:8080", "10.0.0.2:443");
  std::string many;
  while (many.size() < 60'000) many += value(0xE0, std::string(many.size() % 300, 'v'));
  const Read all = readInParts(header(0x21, 0x11, v4 + many) + std::string(behind), 1000);
  CHECK(all.result == Result::Complete);
  CHECK(all.rest == behind);
}

TEST_CASE("version 2: what is malformed") {
  for (const int command : {0x00, 0x01, 0x10, 0x11, 0x22, 0x2F, 0x31, 0xFF}) fails(header(command, 0x11, v4));
  // A datagram's, and what does not exist.
  for (const int family : {0x01, 0x10, 0x12, 0x22, 0x32, 0x13, 0x41, 0xFF}) {
    fails(header(0x21, family, std::string(216, 'x')));
  }
  // Less than the addresses take.
  for (int size = 0; size < 12; ++size)
    fails(header(0x21, 0x11, v4.substr(0, static_cast<std::size_t>(size))));
  fails(header(0x21, 0x21, std::string(35, 'x')));
  fails(header(0x21, 0x31, std::string(215, 'x')));
  // Values that do not fit, by one byte or by many.
  fails(header(0x21, 0x11, v4 + "\x01"));
  fails(header(0x21, 0x11, v4 + "\x01\x00"s));
  fails(header(0x21, 0x11, v4 + "\x01\x00\x01"s));
  fails(header(0x21, 0x11, v4 + "\x01\xFF\xFF"s + "x"));
  fails(header(0x21, 0x11, v4 + value(1, "h2") + "\x02\x00\x04"s + "abc"));
  // A signature that is almost one.
  for (std::size_t i = 0; i < signature.size(); ++i) {
    std::string wrong = header(0x21, 0x11, v4);
    wrong[i] ^= 1;
    fails(wrong);
  }
}

TEST_CASE("any bytes, cut anywhere: the parts agree with the whole") {
  std::mt19937 random(7);
  const std::string bases[] = {"PROXY TCP4 192.0.2.1 10.0.0.2 8080 443\r\n",
                               header(0x21, 0x11, v4 + value(1, "h2")), header(0x20, 0x00, "abc")};
  for (int i = 0; i < 3000; ++i) {
    std::string input = bases[i % 3] + std::string(behind);
    for (int changes = 1 + i % 4; changes > 0; --changes) {
      input[random() % input.size()] = static_cast<char>(random() % 4 == 0 ? ' ' : random());
    }
    read(input);
  }
}
