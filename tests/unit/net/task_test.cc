#include <doctest/doctest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include <duplex/loop.h>
#include <duplex/task.h>

#include "support/loops.h"

using namespace duplex;
using namespace std::chrono_literals;
using test::overEachBackend;
using test::turnUntil;

namespace {

/// Counts those that are alive.
struct Probe {
  explicit Probe(int& count) noexcept : alive(count) { ++alive; }
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;
  ~Probe() { --alive; }
  int& alive;
};

Task<int> seven() {
  co_return 7;
}

Task<std::string> later(std::string text) {
  co_await Loop::sleep(1ms);
  co_return text + "!";
}

Task<> failing(bool first) {
  if (!first) co_await Loop::sleep(1ms);
  throw std::runtime_error("failed");
}

Task<int> sum(int depth) {
  if (depth == 0) {
    co_await Loop::sleep(1ms);
    co_return 0;
  }
  co_return 1 + co_await sum(depth - 1);
}

/// Nobody ever resumes it.
Task<> forever(int& alive) {
  const Probe probe(alive);
  co_await std::suspend_always();
  alive = 1000;
}

static_assert(!std::is_copy_constructible_v<Task<>>);
static_assert(std::is_nothrow_move_constructible_v<Task<int>>);

}  // namespace

TEST_CASE("a task runs when it is awaited, and gives what it returns") {
  net::Loop loop("epoll");
  std::vector<std::string> log;
  const auto main = [&log]() -> Task<> {
    Task<int> number = seven();
    log.push_back("made");
    log.push_back(std::to_string(co_await std::move(number)));
    log.push_back(co_await later("later"));
    const auto owned =
        co_await [](int value) -> Task<std::unique_ptr<int>> { co_return std::make_unique<int>(value); }(3);
    log.push_back(std::to_string(*owned));
  };
  spawn(main());
  CHECK(log == std::vector<std::string>{"made", "7"});
  run();
  CHECK(log == std::vector<std::string>{"made", "7", "later!", "3"});
}

TEST_CASE("a task that is not awaited does not run, and leaves nothing") {
  int alive = 0;
  bool ran = false;
  {
    const auto keeps = [](std::shared_ptr<Probe> probe, bool& flag) -> Task<> {
      flag = probe != nullptr;
      co_return;
    };
    const Task<> task = keeps(std::make_shared<Probe>(alive), ran);
    CHECK(alive == 1);
    CHECK(task);
  }
  CHECK(alive == 0);
  CHECK_FALSE(ran);
  CHECK_FALSE(Task<>());
}

TEST_CASE("what a task throws comes to who awaits it, at once or later") {
  net::Loop loop("epoll");
  int caught = 0;
  const auto main = [&caught]() -> Task<> {
    for (const bool first : {true, false}) {
      try {
        co_await failing(first);
      } catch (const std::runtime_error&) {
        ++caught;
      }
    }
  };
  spawn(main());
  run();
  CHECK(caught == 2);
}

TEST_CASE("what a spawned task throws comes out of run, and the loop can go on") {
  for (const bool first : {true, false}) {
    net::Loop loop("epoll");
    CHECK_NOTHROW(spawn(failing(first)));
    CHECK_THROWS_WITH_AS(run(), "failed", std::runtime_error);
    bool ran = false;
    setTimeout([&] { ran = true; }, 1ms);
    run();
    CHECK(ran);
  }
}

TEST_CASE("a loop of tasks that end at once needs no stack, and a deep one unwinds") {
  net::Loop loop("epoll");
  long total = 0;
  int depth = 0;
  const auto main = [&]() -> Task<> {
    for (int i = 0; i < 1'000'000; ++i) total += co_await seven();
    depth = co_await sum(1000);
  };
  spawn(main());
  run();
  CHECK(total == 7'000'000);
  CHECK(depth == 1000);
}

TEST_CASE("tasks that sleep wake in the order of their times, and keep the loop alive") {
  overEachBackend([](net::Loop&) {
    std::vector<int> woken;
    const auto sleeper = [&woken](int milliseconds) -> Task<> {
      co_await Loop::sleep(std::chrono::milliseconds(milliseconds));
      woken.push_back(milliseconds);
    };
    for (const int milliseconds : {30, 0, 60, 10}) spawn(sleeper(milliseconds));
    CHECK(woken.empty());
    run();
    CHECK(woken == std::vector<int>{0, 10, 30, 60});
  });
}

TEST_CASE("a task that nothing resumes goes with its loop, and a sleeping one too") {
  int alive = 0;
  {
    net::Loop loop("epoll");
    spawn(forever(alive));
    const auto nested = [&alive]() -> Task<> {
      const Probe probe(alive);
      co_await forever(alive);
    };
    spawn(nested());
    const auto sleeper = [&alive]() -> Task<> {
      const Probe probe(alive);
      co_await Loop::sleep(24h);
    };
    spawn(sleeper());
    CHECK(alive == 4);
    loop.turn(loop.now());
    CHECK(alive == 4);
  }
  CHECK(alive == 0);
}

TEST_CASE("a task does not keep the loop alive by itself") {
  int alive = 0;
  net::Loop loop("epoll");
  spawn(forever(alive));
  run();
  CHECK(alive == 1);
}

TEST_CASE("what a spawned lambda has captured lives as long as its task") {
  net::Loop loop("epoll");
  int alive = 0;
  int seen = 0;
  {
    auto probe = std::make_unique<Probe>(alive);
    spawn([probe = std::move(probe), &alive, &seen]() -> Task<> {
      co_await Loop::sleep(1ms);
      seen = alive;
    });
  }
  CHECK(alive == 1);
  run();
  CHECK(seen == 1);
  CHECK(alive == 0);
}

TEST_CASE("a task may start another, and end while that runs") {
  net::Loop loop("epoll");
  std::vector<std::string> log;
  const auto inner = [&log]() -> Task<> {
    log.push_back("inner");
    co_await Loop::sleep(1ms);
    log.push_back("inner again");
  };
  const auto outer = [&]() -> Task<> {
    spawn(inner());
    log.push_back("outer");
    co_return;
  };
  spawn(outer());
  run();
  CHECK(log == std::vector<std::string>{"inner", "outer", "inner again"});
}

TEST_CASE("a task that has been made on one thread may run and end on another") {
  int alive = 0;
  const auto keeps = [](std::shared_ptr<Probe> probe) -> Task<> {
    co_await Loop::sleep(1ms);
    CHECK(probe != nullptr);
  };
  for (int i = 0; i < 100; ++i) {
    Task<> task = keeps(std::make_shared<Probe>(alive));
    std::thread([&task] {
      spawn(std::move(task));
      run();
    }).join();
  }
  CHECK(alive == 0);
}

TEST_CASE("an empty task has ended when it is started") {
  net::Loop loop("epoll");
  spawn(Task<>());
  run();
}
