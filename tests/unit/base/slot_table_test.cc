#include "base/slot_table.h"

#include <doctest/doctest.h>

#include <map>
#include <random>
#include <stdexcept>
#include <thread>
#include <vector>

using duplex::SlotTable;

TEST_CASE("an id finds its object until it is released, and nothing after") {
  SlotTable table;
  int first = 0;
  int second = 0;
  const SlotTable::Id a = table.allocate(&first);
  CHECK(a.generation != 0);
  CHECK(table.get(a) == &first);
  CHECK(table.size() == 1);
  table.release(a);
  CHECK(table.get(a) == nullptr);
  CHECK(table.size() == 0);

  const SlotTable::Id b = table.allocate(&second);
  CHECK(b.index == a.index);
  CHECK(b != a);
  CHECK(table.get(a) == nullptr);
  CHECK(table.get(b) == &second);
  table.release(a);  // dead already
  CHECK(table.get(b) == &second);
  CHECK(table.size() == 1);
}

TEST_CASE("ids that were never handed out are dead") {
  SlotTable table;
  CHECK(table.get({}) == nullptr);
  CHECK(table.state({}, 9) == 9);
  int object = 0;
  const SlotTable::Id id = table.allocate(&object);
  CHECK(table.get({id.index, 0}) == nullptr);
  CHECK(table.get({id.index, id.generation + 1}) == nullptr);
  CHECK(table.get({id.index + 1, id.generation}) == nullptr);
  CHECK(table.get({UINT32_MAX, 1}) == nullptr);
  CHECK(table.state({UINT32_MAX, 1}, 9) == 9);
  CHECK(table.state({id.index + 1, 0}, 9) == 9);
}

TEST_CASE("the state lives and dies with the object") {
  SlotTable table;
  int object = 0;
  const SlotTable::Id id = table.allocate(&object);
  CHECK(table.state(id, 9) == 0);
  table.setState(id, 255);
  CHECK(table.state(id, 9) == 255);
  CHECK(table.get(id) == &object);
  table.release(id);
  CHECK(table.state(id, 9) == 9);
  table.setState(id, 7);
  const SlotTable::Id next = table.allocate(&object);
  CHECK(table.state(next, 9) == 0);
  CHECK(table.state(id, 9) == 9);
}

TEST_CASE("any sequence of calls agrees with a map") {
  std::mt19937 random(7);
  SlotTable table;
  std::vector<int> objects(20'000);
  std::map<std::uint64_t, int*> model;
  std::vector<SlotTable::Id> live;
  std::vector<SlotTable::Id> dead;
  for (int& object : objects) {
    live.push_back(table.allocate(&object));
    REQUIRE(model.emplace(std::uint64_t{live.back().index} << 32 | live.back().generation, &object).second);
    if (random() % 3 == 0) {
      std::swap(live[random() % live.size()], live.back());
      table.release(live.back());
      dead.push_back(live.back());
      live.pop_back();
    }
  }
  CHECK(table.size() == live.size());
  for (SlotTable::Id id : live)
    REQUIRE(table.get(id) == model[std::uint64_t{id.index} << 32 | id.generation]);
  for (SlotTable::Id id : dead) REQUIRE(table.get(id) == nullptr);
}

TEST_CASE("the table is bounded") {
  SlotTable table;
  int object = 0;
  for (std::size_t i = 0; i < SlotTable::maxSlots; ++i) table.allocate(&object);
  CHECK_THROWS_AS(table.allocate(&object), std::length_error);
  CHECK(table.size() == SlotTable::maxSlots);
  table.release({12345, 1});
  CHECK(table.allocate(&object) == SlotTable::Id{12345, 2});
}

TEST_CASE("another thread reads states while the table grows") {
  SlotTable table;
  int object = 0;
  const SlotTable::Id watched = table.allocate(&object);
  table.setState(watched, 1);
  std::atomic<std::uint64_t> latest{std::uint64_t{watched.index} << 32 | watched.generation};
  std::atomic<bool> done{false};
  std::atomic<int> wrong{0};
  std::thread reader([&] {
    while (!done.load()) {
      if (table.state(watched, 9) != 1) ++wrong;
      const std::uint64_t id = latest.load();
      const auto state =
          table.state({static_cast<std::uint32_t>(id >> 32), static_cast<std::uint32_t>(id)}, 9);
      if (state > 1 && state != 9) ++wrong;
    }
  });
  std::vector<SlotTable::Id> ids;
  for (int i = 0; i < 50'000; ++i) {
    const SlotTable::Id id = table.allocate(&object);
    latest.store(std::uint64_t{id.index} << 32 | id.generation);
    table.setState(id, 1);
    if (i % 2 == 0) table.release(id);
  }
  done = true;
  reader.join();
  CHECK(wrong == 0);
}
