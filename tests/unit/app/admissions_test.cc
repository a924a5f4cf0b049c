#include "app/admissions.h"

#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <cstddef>
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
  admissions.greet(a);
  CHECK(admissions.enter(b) == Errc{});
  CHECK(admissions.enter(b) == Errc::TooManyConnections);
  CHECK(admissions.connections() == 3);
  CHECK(admissions.handshakes() == 2);
  admissions.leave(a);
  admissions.greet(a);
  CHECK(admissions.enter(a) == Errc{});
  admissions.greet(a);
  admissions.greet(b);
  admissions.leave(a);
  admissions.leave(a);
  admissions.leave(b);
  CHECK(admissions.connections() == 0);
  CHECK(admissions.handshakes() == 0);
}

TEST_CASE("handshakes of one address are those that have not been greeted") {
  for (const std::size_t connections : {std::size_t{0}, std::size_t{4}}) {
    const AppOptions options{.maxConnectionsPerAddress = connections, .maxHandshakesPerAddress = 2};
    Admissions admissions(options);
    const Address a = at("192.0.2.1");
    const Address b = at("2001:db8::1");
    for (const Address& peer : {a, a, b, b}) CHECK(admissions.enter(peer) == Errc{});
    CHECK(admissions.enter(a) == Errc::TooManyHandshakesFromAddress);
    CHECK(admissions.enter(b) == Errc::TooManyHandshakesFromAddress);
    admissions.greet(a);
    CHECK(admissions.enter(a) == Errc{});
    CHECK(admissions.enter(a) == Errc::TooManyHandshakesFromAddress);
    // A client that a proxy names with its request.
    CHECK(admissions.enterAddress(a, Admissions::Stage::Greeted) == Errc{});
    admissions.leaveAddress(a);
    for (int i = 0; i < 2; ++i) {
      admissions.greet(a);
      admissions.greet(b);
    }
    for (int i = 0; i < 3; ++i) admissions.leave(a);
    for (int i = 0; i < 2; ++i) admissions.leave(b);
    CHECK(admissions.connections() == 0);
    CHECK(admissions.handshakes() == 0);
    // Nothing of it is left.
    for (const Address& peer : {a, a, b, b}) CHECK(admissions.enter(peer) == Errc{});
  }
}

TEST_CASE("who may be behind a proxy has no limit of handshakes of its own") {
  const AppOptions options{.maxHandshakesPerAddress = 1};
  Admissions admissions(options);
  for (const char* ip : {"127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"}) {
    for (int i = 0; i < 3; ++i) CHECK(admissions.enter(at(ip)) == Errc{});
  }
  for (int i = 0; i < 3; ++i) CHECK(admissions.enter(Address::unixSocket("/run/a.sock")) == Errc{});
}

TEST_CASE("0 is no limit") {
  const AppOptions options{
      .maxConnections = 0, .maxConnectionsPerAddress = 0, .maxHandshakes = 0, .maxHandshakesPerAddress = 0};
  Admissions admissions(options);
  for (int i = 0; i < 1000; ++i) CHECK(admissions.enter(at("192.0.2.1")) == Errc{});
  CHECK(admissions.handshakes() == 1000);
}

TEST_CASE("many threads at once stay within the limits") {
  // Three addresses, one of them of two threads.
  constexpr std::size_t limit = 2;
  const AppOptions options{.maxConnections = limit, .maxConnectionsPerAddress = 1};
  Admissions admissions(options);
  std::atomic<std::size_t> inside{0};
  std::array<std::atomic<std::size_t>, 3> insideOf{};
  std::atomic<bool> tooMany{false};
  std::atomic<bool> full{false};
  std::atomic<bool> fullOf{false};
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < 4; ++i) {
    threads.emplace_back([&, address = i % 3] {
      const Address peer = Address::parse("192.0.2." + std::to_string(address), 1);
      // Until all of it has happened, which takes some threads that are in at the same time.
      for (int j = 0; j < 10'000 || (j < 10'000'000 && !(full && fullOf)); ++j) {
        const Errc refused = admissions.enter(peer);
        if (refused == Errc::TooManyConnections) full = true;
        if (refused == Errc::TooManyFromAddress) fullOf = true;
        if (refused != Errc{}) continue;
        if (inside.fetch_add(1) >= limit || insideOf[address].fetch_add(1) >= 1) tooMany = true;
        admissions.greet(peer);
        std::this_thread::yield();
        insideOf[address].fetch_sub(1);
        inside.fetch_sub(1);
        admissions.leave(peer);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK_FALSE(tooMany);
  CHECK(full);
  CHECK(fullOf);
  CHECK(admissions.connections() == 0);
  CHECK(admissions.handshakes() == 0);
}
