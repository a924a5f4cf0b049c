#include "transport/happy_eyeballs.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include <duplex/error.h>

#include "support/loops.h"

using namespace duplex;
using namespace std::chrono_literals;
using test::SimLoop;
using test::turnUntil;
using transport::HappyEyeballs;
using transport::Stream;

namespace {

/// Listens on addresses and keeps who connects.
struct Servers final : net::AcceptHandler {
  explicit Servers(net::Loop& on) : loop(on) {}
  ~Servers() {
    for (const net::Listening& listening : listenings) loop.stopListening(listening);
    for (const net::Accepted& connection : accepted) loop.discard(connection);
  }
  void listen(const Address& address) { listenings.push_back(loop.listen(address, *this)); }
  void onAccepted(net::Accepted connection) override { accepted.push_back(connection); }

  net::Loop& loop;
  std::vector<net::Listening> listenings;
  std::vector<net::Accepted> accepted;
};

/// One race, and how it ended.
struct Race final : net::SocketHandler {
  explicit Race(net::Loop& on, const HappyEyeballs::Delays& delays = {})
      : loop(on),
        start(on.now()),
        eyeballs(std::make_unique<HappyEyeballs>(
            on,
            [this](std::error_code why, Stream won) {
              ++ends;
              error = why;
              took = std::chrono::duration_cast<Milliseconds>(loop.now() - start);
              if (won) winner = won.remoteAddress().string();
              stream = std::move(won);
              if (stream) stream.setHandler(*this);
            },
            delays)) {}
  void onData(MutableBytes) override {}
  void onEnd() override {}
  void onFailed(std::error_code) override { stream.forget(); }
  bool runToEnd() {
    return turnUntil(loop, [this] { return ends != 0; });
  }

  net::Loop& loop;
  TimePoint start;
  Stream stream;
  int ends = 0;
  std::error_code error;
  Milliseconds took{};
  std::string winner;
  std::unique_ptr<HappyEyeballs> eyeballs;
};

const Address v4 = Address::parse("192.0.2.1", 80);
const Address otherV4 = Address::parse("192.0.2.2", 80);
const Address v6 = Address::parse("2001:db8::1", 80);
const Address otherV6 = Address::parse("2001:db8::2", 80);

}  // namespace

TEST_CASE("IPv6 is tried first, and wins when it answers") {
  SimLoop sim;
  Servers servers(sim.loop);
  servers.listen(v4);
  servers.listen(v6);
  Race race(sim.loop);
  race.eyeballs->add({v6}, false);
  race.eyeballs->add({v4}, true);
  REQUIRE(race.runToEnd());
  CHECK_FALSE(race.error);
  CHECK(race.winner == v6.string());
  CHECK(servers.accepted.size() == 1);
}

TEST_CASE("an address that does not answer is given 250 ms before the next, and is given up") {
  SimLoop sim;
  Servers servers(sim.loop);
  servers.listen(v4);
  sim.sim->swallow(v6);
  Race race(sim.loop);
  race.eyeballs->add({v6}, false);
  race.eyeballs->add({v4}, true);
  REQUIRE(race.runToEnd());
  CHECK(race.winner == v4.string());
  CHECK(race.took >= 250ms);
  CHECK(race.took < 300ms);
  race.stream.close();
  // Nothing of the race keeps the loop alive.
  race.eyeballs.reset();
}

TEST_CASE("one that is refused makes way at once, and the families take turns") {
  SimLoop sim;
  Servers servers(sim.loop);
  servers.listen(otherV6);
  sim.sim->swallow(v4);
  Race race(sim.loop);
  race.eyeballs->add({v6, otherV6, v4, otherV4}, true);
  REQUIRE(race.runToEnd());
  // v6 is refused; v4 is silent for its 250 ms; then it is IPv6's turn again.
  CHECK(race.winner == otherV6.string());
  CHECK(race.took >= 250ms);
  CHECK(race.took < 300ms);
}

TEST_CASE("an IPv4 answer waits 50 ms for that of IPv6, no longer") {
  SUBCASE("which comes") {
    SimLoop sim;
    Servers servers(sim.loop);
    servers.listen(v4);
    servers.listen(v6);
    Race race(sim.loop);
    race.eyeballs->add({v4}, false);
    sim.loop.setTimer([&] { race.eyeballs->add({v6}, true); }, 40ms, false);
    REQUIRE(race.runToEnd());
    CHECK(race.winner == v6.string());
    CHECK(race.took < 50ms);
    CHECK(servers.accepted.size() == 1);
  }
  SUBCASE("which is empty") {
    SimLoop sim;
    Servers servers(sim.loop);
    servers.listen(v4);
    Race race(sim.loop);
    race.eyeballs->add({v4}, false);
    race.eyeballs->add({}, true);
    REQUIRE(race.runToEnd());
    CHECK(race.winner == v4.string());
    CHECK(race.took < 50ms);
  }
  SUBCASE("which does not come") {
    SimLoop sim;
    Servers servers(sim.loop);
    servers.listen(v4);
    Race race(sim.loop);
    race.eyeballs->add({v4}, false);
    REQUIRE(race.runToEnd());
    CHECK(race.winner == v4.string());
    CHECK(race.took >= 50ms);
    CHECK(race.took < 100ms);
    // It is too late for this.
    race.eyeballs->add({v6}, true);
    CHECK(race.ends == 1);
  }
}

TEST_CASE("all are refused, or there is none: the error of the last, once") {
  SimLoop sim;
  Race refused(sim.loop);
  refused.eyeballs->add({v6, v4}, true);
  REQUIRE(refused.runToEnd());
  CHECK(refused.error == std::errc::connection_refused);
  CHECK_FALSE(refused.stream);

  Race none(sim.loop);
  none.eyeballs->add({}, false);
  CHECK(none.ends == 0);
  none.eyeballs->add({}, true);
  CHECK(none.ends == 1);
  CHECK(none.error == Errc::NameNotFound);

  // The first answer has been tried in vain when the second says that there is no more.
  Race late(sim.loop);
  late.eyeballs->add({v6}, false);
  for (int i = 0; i < 100; ++i) sim.loop.turn(sim.loop.now());
  CHECK(late.ends == 0);
  late.eyeballs->add({}, true);
  CHECK(late.ends == 1);
  CHECK(late.error == std::errc::connection_refused);
  CHECK(turnUntil(sim.loop, [&] { return true; }));
  CHECK(refused.ends == 1);
}

TEST_CASE("an address that comes when all before it have failed is tried at once") {
  SimLoop sim;
  Servers servers(sim.loop);
  servers.listen(v4);
  Race race(sim.loop);
  race.eyeballs->add({v6}, false);
  for (int i = 0; i < 100; ++i) sim.loop.turn(sim.loop.now());
  race.eyeballs->add({v4}, true);
  REQUIRE(race.runToEnd());
  CHECK(race.winner == v4.string());
  CHECK(race.took < 250ms);
}

TEST_CASE("one that is destroyed gives all its attempts up") {
  SimLoop sim;
  sim.sim->swallow(v4);
  sim.sim->swallow(v6);
  Race race(sim.loop);
  race.eyeballs->add({v6, v4}, true);
  sim.loop.setTimer([&] { race.eyeballs.reset(); }, 300ms, false);
  // Ends only when there is no socket left.
  sim.loop.run();
  CHECK(race.ends == 0);
}

TEST_CASE("whatever the network does, a race ends once") {
  for (std::uint64_t seed = 1; seed <= test::seeds(200); ++seed) {
    SimLoop sim({.seed = seed, .delays = 300, .refusals = 500});
    Servers servers(sim.loop);
    servers.listen(v4);
    servers.listen(otherV6);
    if (seed % 3 == 0) sim.sim->swallow(v6);
    Race race(sim.loop, {.attempt = Milliseconds(seed % 5), .resolution = Milliseconds(seed % 7)});
    race.eyeballs->add({v4, otherV4}, false);
    sim.loop.setTimer([&] { race.eyeballs->add({v6, otherV6}, true); }, Milliseconds(seed % 11), false);
    if (seed % 3 == 0) sim.loop.setTimer([&] { race.eyeballs.reset(); }, 5000ms, false);
    CHECK(turnUntil(sim.loop, [&] { return race.ends != 0 || race.eyeballs == nullptr; }));
    for (int i = 0; i < 1000; ++i) sim.loop.turn(sim.loop.now());
    CHECK(race.ends <= 1);
    CHECK((race.ends == 1 || seed % 3 == 0));
    CHECK(static_cast<bool>(race.stream) == (race.ends == 1 && !race.error));
  }
}
