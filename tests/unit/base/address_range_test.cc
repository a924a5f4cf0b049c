#include "base/address_range.h"

#include <doctest/doctest.h>

using duplex::Address;
using duplex::AddressRange;

namespace {

bool contains(const char* range, const char* address) {
  const auto parsed = AddressRange::parse(range);
  REQUIRE(parsed);
  const Address literal = Address::parse(address, 80);
  REQUIRE(literal.family() != Address::Family::None);
  return parsed->contains(literal);
}

}  // namespace

TEST_CASE("a range is the addresses with its prefix") {
  CHECK(contains("10.0.0.0/8", "10.0.0.0"));
  CHECK(contains("10.0.0.0/8", "10.255.255.255"));
  CHECK_FALSE(contains("10.0.0.0/8", "9.255.255.255"));
  CHECK_FALSE(contains("10.0.0.0/8", "11.0.0.0"));
  CHECK(contains("192.168.4.0/22", "192.168.7.255"));
  CHECK_FALSE(contains("192.168.4.0/22", "192.168.8.0"));
  CHECK_FALSE(contains("192.168.4.0/22", "192.168.3.255"));
  CHECK(contains("192.0.2.1", "192.0.2.1"));
  CHECK_FALSE(contains("192.0.2.1", "192.0.2.0"));
  CHECK(contains("192.0.2.1/31", "192.0.2.0"));
  CHECK(contains("0.0.0.0/0", "203.0.113.9"));
  CHECK(contains("2001:db8::/32", "2001:db8:ffff::1"));
  CHECK_FALSE(contains("2001:db8::/32", "2001:db9::1"));
  CHECK(contains("2001:db8::/33", "2001:db8:7fff::"));
  CHECK_FALSE(contains("2001:db8::/33", "2001:db8:8000::"));
  CHECK(contains("::1", "::1"));
  CHECK_FALSE(contains("::1", "::2"));
}

TEST_CASE("IPv4 is IPv4, also mapped into IPv6, and no part of a range of IPv6") {
  CHECK(contains("10.0.0.0/8", "::ffff:10.1.2.3"));
  CHECK(contains("::ffff:10.0.0.0/104", "10.1.2.3"));
  CHECK(contains("::ffff:10.0.0.1", "10.0.0.1"));
  CHECK_FALSE(contains("::/0", "10.1.2.3"));
  CHECK_FALSE(contains("::/0", "::ffff:10.1.2.3"));
  CHECK(contains("::/0", "2001:db8::1"));
  CHECK_FALSE(contains("0.0.0.0/0", "::1"));
}

TEST_CASE("no address is in no range") {
  CHECK_FALSE(AddressRange::parse("0.0.0.0/0")->contains(Address()));
  CHECK_FALSE(AddressRange::parse("::/0")->contains(Address()));
}

TEST_CASE("what is no range") {
  for (const char* text : {"", "/", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8 ", " 10.0.0.0/8",
                           "10.0.0.0/8/8", "10.0.0/8", "10.0.0.256", "::/129", "[::1]", "[::1]/128", "proxy",
                           "10.0.0.0/0x8", "10.0.0.0/+8", "10.0.0.0/99999999999999999999"}) {
    CAPTURE(text);
    CHECK_FALSE(AddressRange::parse(text).has_value());
  }
}
