#include "http/proxies.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace duplex;
using http::ClientOf;
using http::Proxies;

namespace {

const ClientOf direct{Address::parse("10.0.0.1", 1234), false};

std::string told(const ClientOf& client) {
  return (client.secure ? "https " : "http ") + client.address.ip();
}

/// What a request through 10.0.0.1 is taken for, which trusts 10/8 and fd00::/8.
std::string clientOf(const std::vector<Field>& fields, ForwardedHeader header) {
  return told(Proxies({"10.0.0.0/8", "fd00::/8"}, header).client(fields, direct));
}
std::string byX(std::string_view addresses) {
  return clientOf({{"X-Forwarded-For", addresses}}, ForwardedHeader::XForwarded);
}
std::string byX(std::string_view addresses, std::string_view protocols) {
  return clientOf({{"x-forwarded-for", addresses}, {"x-forwarded-proto", protocols}},
                  ForwardedHeader::XForwarded);
}
std::string byForwarded(std::string_view value) {
  return clientOf({{"Forwarded", value}}, ForwardedHeader::Forwarded);
}

}  // namespace

TEST_CASE("who is trusted") {
  const Proxies some({"10.0.0.0/8", "2001:db8::7"}, ForwardedHeader::None);
  CHECK(some.trusts(Address::parse("10.1.1.1", 1)));
  CHECK(some.trusts(Address::parse("::ffff:10.1.1.1", 1)));
  CHECK(some.trusts(Address::parse("2001:db8::7", 1)));
  CHECK_FALSE(some.trusts(Address::parse("127.0.0.1", 1)));
  CHECK_FALSE(some.trusts(Address()));
  CHECK_FALSE(some.empty());
  const Proxies none({}, ForwardedHeader::XForwarded);
  CHECK(none.empty());
  CHECK_FALSE(none.trusts(Address::parse("127.0.0.1", 1)));
  const Proxies local({"unix"}, ForwardedHeader::XForwarded);
  CHECK_FALSE(local.empty());
  CHECK(local.trusts(Address()));
  CHECK_FALSE(local.trusts(Address::parse("127.0.0.1", 1)));
  CHECK_THROWS_AS(Proxies({"10.0.0.0/33"}, ForwardedHeader::None), std::invalid_argument);
  CHECK_THROWS_AS(Proxies({""}, ForwardedHeader::None), std::invalid_argument);
}

TEST_CASE("X-Forwarded-For: the last that is not trusted") {
  CHECK(byX("192.0.2.1") == "http 192.0.2.1");
  CHECK(byX("203.0.113.9, 192.0.2.1") == "http 192.0.2.1");
  CHECK(byX("203.0.113.9,192.0.2.1 , 10.9.9.9,fd00::1") == "http 192.0.2.1");
  CHECK(byX("2001:db8::1") == "http 2001:db8::1");
  CHECK(byX("[2001:db8::1]") == "http 2001:db8::1");
  CHECK(byX("[2001:db8::1]:4711, 10.0.0.3") == "http 2001:db8::1");
  CHECK(byX("192.0.2.1:4711") == "http 192.0.2.1");
  // All are trusted: the one farthest away.
  CHECK(byX("10.0.0.9, 10.0.0.8") == "http 10.0.0.9");
  CHECK(clientOf({{"X-Forwarded-For", "203.0.113.9"}, {"Other", "x"}, {"X-Forwarded-For", "192.0.2.1"}},
                 ForwardedHeader::XForwarded) == "http 192.0.2.1");
}

TEST_CASE("X-Forwarded-For: what is none ends the list") {
  CHECK(byX("") == "http 10.0.0.1");
  CHECK(byX("unknown") == "http 10.0.0.1");
  CHECK(byX("192.0.2.1, unknown") == "http 10.0.0.1");
  CHECK(byX("192.0.2.1, , 10.0.0.2") == "http 10.0.0.2");
  CHECK(byX("192.0.2.1, 10.0.0.2:99999") == "http 10.0.0.1");
  CHECK(byX("192.0.2.1, 10.0.0.2:") == "http 10.0.0.1");
  CHECK(byX("192.0.2.1, 10.0.0.2 10.0.0.3") == "http 10.0.0.1");
  CHECK(byX(std::string(16'000, ',')) == "http 10.0.0.1");
  // What a client has put in front is never reached.
  CHECK(byX("\"10.0.0.7, <script>, 192.0.2.1") == "http 192.0.2.1");
}

TEST_CASE("X-Forwarded-Proto") {
  CHECK(byX("192.0.2.1", "https") == "https 192.0.2.1");
  CHECK(byX("192.0.2.1", "HTTPS") == "https 192.0.2.1");
  CHECK(byX("192.0.2.1", "wss") == "https 192.0.2.1");
  CHECK(byX("192.0.2.1", "http") == "http 192.0.2.1");
  CHECK(byX("192.0.2.1", "gopher") == "http 192.0.2.1");
  CHECK(byX("", "https") == "https 10.0.0.1");
  // One for each hop: the client's; else what the nearest proxy says.
  CHECK(byX("192.0.2.1, 10.0.0.2", "https, http") == "https 192.0.2.1");
  CHECK(byX("203.0.113.9, 192.0.2.1, 10.0.0.2", "https, http, https") == "http 192.0.2.1");
  CHECK(byX("192.0.2.1, 10.0.0.2", "http, http, https") == "https 192.0.2.1");
}

TEST_CASE("Forwarded (RFC 7239)") {
  CHECK(byForwarded("for=192.0.2.60;proto=https;by=203.0.113.43") == "https 192.0.2.60");
  CHECK(byForwarded("For=\"[2001:db8:cafe::17]:4711\"") == "http 2001:db8:cafe::17");
  CHECK(byForwarded("for=203.0.113.9, for=192.0.2.43, for=10.1.1.1") == "http 192.0.2.43");
  CHECK(byForwarded("for=203.0.113.9, for=192.0.2.43;proto=https, for=10.1.1.1;proto=http") ==
        "https 192.0.2.43");
  CHECK(byForwarded("proto=https;host=\"a, for=1.2.3.4;\\\"\";for=192.0.2.43") == "https 192.0.2.43");
  CHECK(byForwarded("for=\"192.0.2.43:47011\"") == "http 192.0.2.43");
  // A proxy that hides whom it speaks for.
  CHECK(byForwarded("for=192.0.2.1, for=unknown;proto=https") == "https 10.0.0.1");
  CHECK(byForwarded("for=_hidden, for=10.0.0.5") == "http 10.0.0.5");
  CHECK(clientOf(
            {{"Forwarded", "for=203.0.113.9"}, {"forwarded", "for=192.0.2.1"}, {"Forwarded", "for=10.0.0.2"}},
            ForwardedHeader::Forwarded) == "http 192.0.2.1");
}

TEST_CASE("Forwarded: what is malformed ends the list, and what stands in front of it is not believed") {
  for (const char* value : {"", ";", "for", "for=", "for=\"192.0.2.1", "for=192.0.2.1\"", "=192.0.2.1",
                            "for=192.0.2.1;;proto=https", "for=\"192.0.2.1\"x", "for=[::1]", "f r=192.0.2.1",
                            "for = 192.0.2.1", "for=\"\\"}) {
    CAPTURE(value);
    CHECK(byForwarded(value) == "http 10.0.0.1");
    CHECK(byForwarded(std::string("for=203.0.113.9, ") + value) == "http 10.0.0.1");
    // A proxy's own element behind it is.
    CHECK(byForwarded(std::string(value) + ", for=192.0.2.1;proto=https") == "https 192.0.2.1");
  }
}

TEST_CASE("only the header that was chosen is believed") {
  const std::vector<Field> both{{"X-Forwarded-For", "192.0.2.1"}, {"Forwarded", "for=192.0.2.2;proto=https"}};
  CHECK(clientOf(both, ForwardedHeader::XForwarded) == "http 192.0.2.1");
  CHECK(clientOf(both, ForwardedHeader::Forwarded) == "https 192.0.2.2");
  CHECK(clientOf(both, ForwardedHeader::None) == "http 10.0.0.1");
}
