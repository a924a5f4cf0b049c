#include "app/admissions.h"

#include <doctest/doctest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <duplex/app.h>

using namespace duplex;

namespace {

Address at(const char* ip) {
  const Address address = Address::parse(ip, 1234);
  REQUIRE(address.family() != Address::Family::None);
  return address;
}

}  // namespace

TEST_CASE("an address is one of IPv4, or 64 bits of IPv6") {
  const AppOptions options{.maxConnectionsPerAddress = 1};
  const auto same = [&](const char* one, const char* other) {
    Admissions admissions(options);
    CHECK(admissions.enter(at(one)) == Errc{});
    return admissions.enter(at(other)) == Errc::TooManyFromAddress;
  };
  CHECK(same("192.0.2.1", "192.0.2.1"));
  CHECK(same("192.0.2.1", "::ffff:192.0.2.1"));
  CHECK_FALSE(same("192.0.2.1", "192.0.2.2"));
  CHECK(same("2001:db8:1:2::1", "2001:db8:1:2:ffff::9"));
  CHECK_FALSE(same("2001:db8:1:2::1", "2001:db8:1:3::1"));
  CHECK_FALSE(same("::1", "127.0.0.1"));
  CHECK_FALSE(same("0.0.0.0", "::"));
}

TEST_CASE("what is no address has no limit of its own") {
  const AppOptions options{.maxConnectionsPerAddress = 1};
  Admissions admissions(options);
  for (int i = 0; i < 5; ++i) CHECK(admissions.enter(Address()) == Errc{});
  CHECK(admissions.connections() == 5);
}

TEST_CASE("who is refused takes no place") {
  const AppOptions options{.maxConnections = 3, .maxConnectionsPerAddress = 2, .maxHandshakes = 2};
  Admissions admissions(options);
  const Address a = at("192.0.2.1");
  const Address b = at("192.0.2.2");
  CHECK(admissions.enter(a) == Errc{});
  CHECK(admissions.enter(a) == Errc{});
  CHECK(admissions.enter(a) == Errc::TooManyFromAddress);
  CHECK(admissions.enter(b) == Errc::TooManyHandshakes);
  admissions.greet();
  CHECK(admissions.enter(b) == Errc{});
  CHECK(admissions.enter(b) == Errc::TooManyConnections);
  CHECK(admissions.connections() == 3);
  CHECK(admissions.handshakes() == 2);
  admissions.leave(a);
  admissions.greet();
  CHECK(admissions.enter(a) == Errc{});
  admissions.greet();
  admissions.greet();
  admissions.leave(a);
  admissions.leave(a);
  admissions.leave(b);
  CHECK(admissions.connections() == 0);
  CHECK(admissions.handshakes() == 0);
}

TEST_CASE("0 is no limit") {
  const AppOptions options{.maxConnections = 0, .maxConnectionsPerAddress = 0, .maxHandshakes = 0};
  Admissions admissions(options);
  for (int i = 0; i < 1000; ++i) CHECK(admissions.enter(at("192.0.2.1")) == Errc{});
  CHECK(admissions.handshakes() == 1000);
}

TEST_CASE("many threads at once stay within the limits") {
  constexpr std::size_t limit = 5;
  const AppOptions options{.maxConnections = limit, .maxConnectionsPerAddress = 3};
  Admissions admissions(options);
  std::atomic<std::size_t> inside{0};
  std::atomic<bool> tooMany{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      const Address peer = Address::parse("192.0.2." + std::to_string(i / 2), 1);
      for (int j = 0; j < 20'000; ++j) {
        if (admissions.enter(peer) != Errc{}) continue;
        if (inside.fetch_add(1) >= limit) tooMany = true;
        admissions.greet();
        inside.fetch_sub(1);
        admissions.leave(peer);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK_FALSE(tooMany);
  CHECK(admissions.connections() == 0);
  CHECK(admissions.handshakes() == 0);
}
