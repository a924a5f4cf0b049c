#include "bench/board.h"

#include <doctest/doctest.h>

#include <thread>
#include <utility>
#include <vector>

using duplex::bench::Board;

namespace {

/// A board on which the messages that have reached all are counted.
struct Counted {
  explicit Counted(std::size_t window, int readers) : board(window) {
    board.onComplete = [this] { ++complete; };
    for (int i = 0; i < readers; ++i) board.join();
  }
  std::vector<std::pair<std::int64_t, std::size_t>> underWay() {
    std::vector<std::pair<std::int64_t, std::size_t>> found;
    board.underWay([&](std::int64_t time, std::size_t left) { found.emplace_back(time, left); });
    return found;
  }

  Board board;
  std::atomic<int> complete{0};
};

}  // namespace

TEST_CASE("a message is complete when it has reached all") {
  Counted counted(3, 2);
  Board& board = counted.board;
  board.publish(100);
  board.publish(200);
  CHECK(board.arrived(0) == 100);
  CHECK(counted.complete == 0);
  CHECK(board.arrived(1) == 200);
  CHECK(board.arrived(0) == 100);
  CHECK(counted.complete == 1);
  CHECK(counted.underWay() == std::vector<std::pair<std::int64_t, std::size_t>>{{200, 1}});
  CHECK(board.arrived(1) == 200);
  CHECK(counted.complete == 2);
  CHECK(counted.underWay().empty());
}

TEST_CASE("no more are under way than the window allows") {
  Counted counted(3, 1);
  Board& board = counted.board;
  for (std::int64_t i = 0; i < 3; ++i) {
    CHECK(!board.full());
    board.publish(i);
  }
  CHECK(board.full());
  for (std::uint64_t i = 0; i < 20; ++i) {
    CHECK(board.arrived(i) == static_cast<std::int64_t>(i));
    CHECK(!board.full());
    board.publish(static_cast<std::int64_t>(i) + 3);
  }
  CHECK(board.published() == 23);
}

TEST_CASE("who leaves is not waited for") {
  Counted counted(4, 3);
  Board& board = counted.board;
  for (std::int64_t i = 0; i < 3; ++i) board.publish(i);
  for (std::uint64_t i = 0; i < 2; ++i) {
    board.arrived(i);
    board.arrived(i);
  }
  board.arrived(2);
  // The third reader has had the first message only.
  board.arrived(0);
  CHECK(counted.complete == 1);
  board.leave(1);
  CHECK(counted.complete == 2);
  board.arrived(2);
  CHECK(counted.complete == 3);
  CHECK(board.readers() == 2);
}

TEST_CASE("who joins late is waited for from then on") {
  Counted counted(4, 1);
  Board& board = counted.board;
  board.publish(1);
  CHECK(board.join() == 1);
  board.publish(2);
  board.arrived(0);
  CHECK(counted.complete == 1);
  board.arrived(1);
  CHECK(counted.complete == 1);
  board.arrived(1);
  CHECK(counted.complete == 2);
}

TEST_CASE("readers on several threads") {
  constexpr int readers = 4;
  constexpr std::uint64_t messages = 2000;
  Counted counted(64, readers);
  Board& board = counted.board;
  std::vector<std::thread> threads;
  for (int i = 0; i < readers; ++i) {
    threads.emplace_back([&] {
      for (std::uint64_t message = 0; message < messages; ++message) {
        while (board.published() <= message) std::this_thread::yield();
        board.arrived(message);
      }
    });
  }
  for (std::uint64_t message = 0; message < messages; ++message) {
    while (board.full()) std::this_thread::yield();
    board.publish(static_cast<std::int64_t>(message));
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(counted.complete == messages);
  CHECK(counted.underWay().empty());
}
