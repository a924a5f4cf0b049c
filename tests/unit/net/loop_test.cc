#include "net/loop.h"

#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "support/loops.h"

using namespace duplex;
using namespace std::chrono_literals;
using test::overEachBackend;
using test::turnUntil;

TEST_CASE("run returns when nothing keeps the loop alive") {
  overEachBackend([](net::Loop& loop) {
    loop.run();
    int runs = 0;
    loop.setTimer([&] { ++runs; }, Milliseconds(5), false);
    loop.run();
    CHECK(runs == 1);
  });
}

TEST_CASE("timers run in the order of their times, and repeat until they are cleared") {
  overEachBackend([](net::Loop& loop) {
    std::string order;
    loop.setTimer([&] { order += 'c'; }, Milliseconds(30), false);
    loop.setTimer([&] { order += 'a'; }, Milliseconds(0), false);
    const TimerId cleared = loop.setTimer([&] { order += 'x'; }, Milliseconds(10), false);
    TimerId repeated{};
    repeated = loop.setTimer(
        [&] {
          order += 'r';
          if (order.find("rrr") != std::string::npos) loop.clearTimer(repeated);
        },
        Milliseconds(40), true);
    loop.setTimer([&] { loop.clearTimer(cleared); }, Milliseconds(1), false);
    loop.run();
    CHECK(order == "acrrr");
  });
}

TEST_CASE("what is deferred runs in order, and what that defers in the next turn") {
  overEachBackend([](net::Loop& loop) {
    std::string order;
    loop.defer([&] {
      order += '1';
      loop.defer([&] { order += '3'; });
    });
    loop.defer([&] { order += '2'; });
    loop.turn();
    CHECK(order == "12");
    loop.turn();
    CHECK(order == "123");
  });
}

TEST_CASE("what a task throws comes out of run, and nothing behind it is lost") {
  overEachBackend([](net::Loop& loop) {
    int runs = 0;
    loop.defer([] { throw std::runtime_error("first"); });
    loop.defer([&] { ++runs; });
    loop.setTimer([] { throw std::runtime_error("second"); }, Milliseconds(1), false);
    loop.setTimer([&] { ++runs; }, Milliseconds(2), false);
    CHECK_THROWS_WITH(loop.run(), "first");
    CHECK_THROWS_WITH(loop.run(), "second");
    loop.run();
    CHECK(runs == 2);
  });
}

TEST_CASE("tasks from many threads all run on the loop's thread, those of each in order") {
  overEachBackend([](net::Loop& loop) {
    constexpr int threads = 4;
    constexpr int tasks = 500;
    const auto self = std::this_thread::get_id();
    std::vector<int> last(threads, -1);
    int ran = 0;
    bool right = true;
    std::vector<std::thread> posters;
    for (int t = 0; t < threads; ++t) {
      posters.emplace_back([&, t, mailbox = &loop.mailbox()] {
        for (int i = 0; i < tasks; ++i) {
          mailbox->post([&, t, i] {
            right = right && std::this_thread::get_id() == self && last[t] == i - 1;
            last[t] = i;
            ++ran;
          });
        }
      });
    }
    CHECK(turnUntil(
        loop, [&] { return ran == threads * tasks; }, 10'000'000));
    for (std::thread& poster : posters) poster.join();
    CHECK(right);
  });
}

TEST_CASE("a mailbox without a loop takes nothing, and the next loop gets it empty") {
  net::Mailbox* mailbox = nullptr;
  {
    net::Loop loop("epoll");
    mailbox = &loop.mailbox();
    CHECK(mailbox->local() == &loop);
    CHECK(mailbox->post([] { FAIL("a task of a loop that has ended"); }));
  }
  CHECK(mailbox->local() == nullptr);
  CHECK_FALSE(mailbox->post([] {}));
  net::Loop next("epoll");
  next.turn(next.now());
}

TEST_CASE("a sleeping loop is woken by another thread, and by stop") {
  net::Loop loop("epoll");
  loop.hold();
  std::thread other([mailbox = &loop.mailbox()] { mailbox->post([] { net::Loop::current().stop(); }); });
  loop.run();
  other.join();
  loop.unhold();
}

TEST_CASE("a thread has one loop") {
  net::Loop loop("epoll");
  CHECK(&net::Loop::current() == &loop);
  CHECK_THROWS_AS(net::Loop("epoll"), std::logic_error);
}

TEST_CASE("a back end that does not exist is refused") {
  CHECK_THROWS_AS(net::Loop("nonsense"), std::invalid_argument);
}

TEST_CASE("objects local to the loop are made once, and end before it") {
  struct Probe : net::Loop::Local {
    explicit Probe(net::Loop& made) : loop(made) {}
    ~Probe() override {
      if (ended != nullptr) *ended = &net::Loop::current() == &loop;
    }
    net::Loop& loop;
    bool* ended = nullptr;
  };
  bool ended = false;
  {
    net::Loop loop("epoll");
    loop.local<Probe>().ended = &ended;
    CHECK(&loop.local<Probe>() == &loop.local<Probe>());
  }
  CHECK(ended);
}

TEST_CASE("an empty function is refused where it is given") {
  net::Loop loop;
  CHECK_THROWS_AS(setTimeout({}, Milliseconds(1)), std::invalid_argument);
  CHECK_THROWS_AS(setInterval({}, Milliseconds(1)), std::invalid_argument);
  CHECK_THROWS_AS(Loop::current().post({}), std::invalid_argument);
  loop.run();
}

TEST_CASE("a handle of a loop that has ended does not mean the next one") {
  const auto handle = [] {
    net::Loop loop("epoll");
    return duplex::Loop::current();
  }();
  net::Loop next("epoll");
  CHECK_FALSE(handle.post([] { FAIL("a task of a loop that has ended"); }));
  handle.stop();
  int runs = 0;
  next.setTimer([&] { ++runs; }, Milliseconds(5), false);
  next.run();
  CHECK(runs == 1);
}

TEST_CASE("a timer is cleared by its own thread's loop alone") {
  net::Loop loop("epoll");
  int runs = 0;
  loop.setTimer([&] { ++runs; }, Milliseconds(5), false);
  std::thread other([] {
    net::Loop its("epoll");
    for (int i = 0; i < 100; ++i) its.setTimer([] {}, Milliseconds(0), false);
    its.run();
    clearTimeout(TimerId{1});
  });
  other.join();
  const TimerId foreign = [] {
    TimerId made{};
    std::thread([&made] {
      net::Loop its("epoll");
      made = its.setTimer([] {}, Milliseconds(0), false);
    }).join();
    return made;
  }();
  loop.clearTimer(foreign);
  loop.run();
  CHECK(runs == 1);
}

TEST_CASE("what a loop drops at its end may clear its timers, and set others") {
  int dropped = 0;
  // Clears the timer in it when it goes.
  const auto clearing = [&dropped](bool sets) {
    return std::shared_ptr<TimerId>(new TimerId{}, [&dropped, sets](TimerId* timer) {
      clearTimeout(*timer);
      if (sets) setTimeout([] {}, 24h);
      delete timer;
      ++dropped;
    });
  };
  std::thread([&clearing] {
    for (const bool sets : {false, true}) {
      for (int i = 0; i < 10; ++i) {
        const auto ofTimer = clearing(sets);
        *ofTimer = setInterval([ofTimer] {}, 24h);
        const auto ofTask = clearing(sets);
        *ofTask = setTimeout([] {}, 24h);
        net::Loop::current().defer([ofTask] {});
        const auto ofMail = clearing(sets);
        *ofMail = setTimeout([] {}, 24h);
        duplex::Loop::current().post([ofMail] {});
      }
    }
  }).join();
  CHECK(dropped == 60);
}

TEST_CASE("to clear a timer makes no loop") {
  std::thread([] {
    clearTimeout(TimerId{1});
    clearInterval(TimerId{1});
    CHECK(net::Loop::currentOrNull() == nullptr);
  }).join();
}

TEST_CASE("the longest delay there is means never, not now") {
  overEachBackend([](net::Loop& loop) {
    int runs = 0;
    const TimerId never = loop.setTimer([&] { ++runs; }, Milliseconds::max(), false);
    loop.setTimer([&] { loop.clearTimer(never); }, Milliseconds(5), false);
    loop.run();
    CHECK(runs == 0);
  });
}

TEST_CASE("the loop may not be run from within a handler") {
  net::Loop loop("epoll");
  bool refused = false;
  loop.defer([&] {
    try {
      loop.run();
    } catch (const std::logic_error&) {
      refused = true;
    }
  });
  loop.run();
  CHECK(refused);
  loop.run();
}
