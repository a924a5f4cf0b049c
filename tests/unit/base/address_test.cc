#include <duplex/address.h>

#include <doctest/doctest.h>

#include <string>
#include <string_view>

using duplex::Address;
using Family = duplex::Address::Family;

TEST_CASE("an address reads back as it was written") {
  const Address v4 = Address::parse("127.0.0.1", 5000);
  CHECK(v4.family() == Family::V4);
  CHECK(v4.port() == 5000);
  CHECK(v4.ip() == "127.0.0.1");
  CHECK(v4.string() == "127.0.0.1:5000");

  const Address v6 = Address::parse("::1", 80);
  CHECK(v6.family() == Family::V6);
  CHECK(v6.ip() == "::1");
  CHECK(v6.string() == "[::1]:80");
  CHECK(Address::parse("[::1]", 80) == v6);
  CHECK(Address::parse("2001:DB8:0:0:0:0:0:1", 1).string() == "[2001:db8::1]:1");
}

TEST_CASE("an IPv4 address mapped into IPv6 reads as IPv4") {
  const Address mapped = Address::parse("::ffff:10.0.0.7", 1);
  CHECK(mapped.family() == Family::V6);
  CHECK(mapped.ip() == "10.0.0.7");
  CHECK(mapped.string() == "10.0.0.7:1");
}

TEST_CASE("what is not a literal is no address") {
  for (const char* text : {"", "localhost", "256.0.0.1", "1.2.3", "1.2.3.4.5", "[127.0.0.1]", "[::1", "::1]",
                           "[]", "[", ":::", "fe80::1%eth0", " 127.0.0.1", "127.0.0.1 "}) {
    CAPTURE(text);
    CHECK(Address::parse(text, 1) == Address());
  }
  CHECK(Address::parse(std::string_view("127.0.0.1\0.evil", 15), 1) == Address());
  CHECK(Address().family() == Family::None);
  CHECK(Address().ip().empty());
  CHECK(Address().string().empty());
}

TEST_CASE("loopback") {
  CHECK(Address::parse("127.0.0.1", 1).isLoopback());
  CHECK(Address::parse("127.255.0.9", 1).isLoopback());
  CHECK(Address::parse("::1", 1).isLoopback());
  CHECK(Address::parse("::ffff:127.0.0.1", 1).isLoopback());
  CHECK_FALSE(Address::parse("128.0.0.1", 1).isLoopback());
  CHECK_FALSE(Address::parse("::2", 1).isLoopback());
  CHECK_FALSE(Address::parse("::ffff:10.0.0.1", 1).isLoopback());
  CHECK_FALSE(Address().isLoopback());
}

TEST_CASE("a Unix socket has a path, which its copies share") {
  Address copy;
  {
    const Address made = Address::unixSocket("/run/app.sock");
    CHECK(made.family() == Family::Unix);
    CHECK(made.path() == "/run/app.sock");
    CHECK(made.string() == "unix:/run/app.sock");
    CHECK(made.ip().empty());
    CHECK(made.port() == 0);
    CHECK(made.isLoopback());
    copy = made;
    CHECK(copy.path().data() == made.path().data());
    const Address& itself = copy;
    copy = itself;
  }
  CHECK(copy.path() == "/run/app.sock");
  CHECK(copy == Address::unixSocket("/run/app.sock"));
  CHECK_FALSE(copy == Address::unixSocket("/run/app2.sock"));
  CHECK_FALSE(copy == Address::unixSocket(""));
  copy = Address::parse("127.0.0.1", 80);
  CHECK(copy.path().empty());
  CHECK(copy.string() == "127.0.0.1:80");
}

TEST_CASE("paths that no Unix socket can have, and one without a name") {
  CHECK(Address::unixSocket(std::string(Address::maxPath, 'x')).path().size() == Address::maxPath);
  CHECK(Address::unixSocket(std::string(Address::maxPath + 1, 'x')).family() == Family::None);
  CHECK(Address::unixSocket(std::string_view("a\0b", 3)).family() == Family::None);
  CHECK(Address::unixSocket("").family() == Family::Unix);
  CHECK(Address::unixSocket("").string() == "unix:");
  // It is not made of bytes.
  CHECK(Address(Family::Unix, {1, 2, 3}, 0).family() == Family::None);
}
