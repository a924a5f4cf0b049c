// The graceful end: nobody new, 1001 to all, a deadline.
#include <doctest/doctest.h>

#include <atomic>
#include <csignal>
#include <string>
#include <thread>
#include <vector>

#include <duplex/duplex.h>

#include "support/loops.h"
#include "support/raw_client.h"

using namespace duplex;
using test::overEachBackend;
using test::RawClient;
using test::turnUntil;

TEST_CASE("close: 1001 to all, pending answers go out, nobody new gets in, then run returns") {
  overEachBackend([](net::Loop& loop) {
    App app;
    Response pending;
    app.get("/slow", [&](Request&, Response& res) { pending = res; });
    app.ws("/", [](WebSocket ws) { ws.send("Hello"); });
    const Address address = app.listen(0, "127.0.0.1");
    std::vector<int> codes;
    for (int i = 0; i < 3; ++i) {
      WebSocket ws("ws://" + address.string());
      ws.onclose([&](const CloseEvent& event) { codes.push_back(event.code); });
    }
    RawClient slow(loop, address);
    RawClient idle(loop, address);
    slow.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
    REQUIRE(turnUntil(loop, [&] { return app.clients().size() == 3 && !pending.ended(); }));
    bool closed = false;
    app.close(std::chrono::seconds(60), [&] { closed = true; });
    CHECK_FALSE(closed);
    RawClient late(loop, address);
    setTimeout([&] { pending.send("late, but whole"); }, Milliseconds(20));
    setTimeout([&] { late.close(); }, Milliseconds(30));
    REQUIRE(turnUntil(loop, [&] { return slow.over() && idle.over(); }));
    slow.close();
    idle.close();
    run();
    CHECK(closed);
    CHECK(codes == std::vector<int>{1001, 1001, 1001});
    CHECK(slow.received.find("late, but whole") != std::string::npos);
    CHECK(slow.received.find("Connection: close") != std::string::npos);
    CHECK(late.received.empty());
    CHECK_THROWS_AS(app.listen(0, "127.0.0.1"), std::logic_error);
  });
}

TEST_CASE("who does not go is cut at the deadline; a second close may shorten it") {
  for (const bool twice : {false, true}) {
    test::SimLoop sim;
    App app;
    app.ws("/", {.limits = {.closeTimeout = std::chrono::hours(1)}});
    RawClient mute(sim.loop, app.listen(0, "127.0.0.1"));
    mute.send(test::upgradeRequest());
    REQUIRE(turnUntil(sim.loop, [&] { return app.clients().size() == 1; }));
    const TimePoint start = sim.loop.now();
    int closed = 0;
    app.close(std::chrono::seconds(10), [&] { ++closed; });
    if (twice) app.close(std::chrono::seconds(2), [&] { ++closed; });
    REQUIRE(turnUntil(sim.loop, [&] { return closed == (twice ? 2 : 1); }));
    const auto took = sim.loop.now() - start;
    CHECK(took >= std::chrono::seconds(twice ? 2 : 10));
    CHECK(took <= std::chrono::seconds(twice ? 3 : 11));
  }
}

TEST_CASE("close without anybody, before listen and twice") {
  overEachBackend([](net::Loop& loop) {
    int closed = 0;
    App never;
    never.close(std::chrono::seconds(5), [&] { ++closed; });
    App app;
    app.listen(0, "127.0.0.1");
    app.close(std::chrono::seconds(5), [&] { ++closed; });
    run();
    app.close(std::chrono::seconds(5), [&] { ++closed; });
    CHECK(turnUntil(loop, [&] { return closed == 3; }));
  });
}

TEST_CASE("close from another thread ends the loops of all threads") {
  net::Loop loop("epoll");
  App app({.threads = 3});
  app.ws("/", [](WebSocket) {});
  const std::string url = "ws://" + app.listen(0, "127.0.0.1").string();
  std::atomic<int> closes{0};
  for (int i = 0; i < 9; ++i) WebSocket(url).onclose([&] { ++closes; });
  REQUIRE(turnUntil(
      loop, [&] { return app.clients().size() == 9; }, 1'000'000));
  std::thread other([&app] { app.close(); });
  run();
  other.join();
  CHECK(closes == 9);
}

TEST_CASE("a signal runs its callback on the loop, again and again, until it is given back") {
  net::Loop loop("epoll");
  int signals = 0;
  onSignal(SIGUSR1, [&] { ++signals; });
  std::raise(SIGUSR1);
  CHECK(signals == 0);
  CHECK(turnUntil(loop, [&] { return signals == 1; }));
  std::raise(SIGUSR1);
  CHECK(turnUntil(loop, [&] { return signals == 2; }));
  // It does not keep the loop alive.
  run();
  onSignal(SIGUSR1, [&] {
    signals = 100;
    onSignal(SIGUSR1, nullptr);
  });
  std::raise(SIGUSR1);
  CHECK(turnUntil(loop, [&] { return signals == 100; }));
  struct sigaction now {};
  ::sigaction(SIGUSR1, nullptr, &now);
  CHECK((now.sa_handler == SIG_DFL));
}

TEST_CASE("listening: a taken port is an error, a host must be an address") {
  net::Loop loop("epoll");
  App app;
  const Address address = app.listen(0, "127.0.0.1");
  CHECK_THROWS_AS(app.listen(address.port(), "127.0.0.1"), std::system_error);
  CHECK_THROWS_AS(app.listen(0, "no address"), std::system_error);
  CHECK_THROWS_AS(App({.backend = "nonsense"}), std::invalid_argument);
  bool told = false;
  app.listen(0, "::1", [&](const Address& bound) { told = bound.string().starts_with("[::1]:"); });
  CHECK_FALSE(told);
  CHECK(turnUntil(loop, [&] { return told; }));
}
