#include "base/slab_pool.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <random>
#include <set>
#include <stdexcept>
#include <utility>
#include <vector>

using duplex::SlabMemory;
using duplex::SlabPool;

namespace {

/// Whether this build has slabs; see SlabMemory::slabs.
bool hasSlabs() {
  SlabMemory memory(8);
  memory.give(memory.take());
  return memory.slabs() == 1;
}

}  // namespace

TEST_CASE("each object has memory of its own, aligned, and used again") {
  for (const std::size_t size : {1, 8, 20, 136, 5000}) {
    SlabMemory memory(size);
    std::set<std::byte*> out;
    const auto take = [&](int count) {
      for (int i = 0; i < count; ++i) {
        auto* const object = static_cast<std::byte*>(memory.take());
        CHECK(reinterpret_cast<std::uintptr_t>(object) % 8 == 0);
        std::memset(object, i, size);
        const auto [at, isNew] = out.insert(object);
        REQUIRE(isNew);
        REQUIRE((at == out.begin() || *std::prev(at) + size <= object));
        REQUIRE((std::next(at) == out.end() || object + size <= *std::next(at)));
      }
    };
    take(2000);
    CHECK(memory.taken() == 2000);
    const std::size_t slabs = memory.slabs();
    for (int i = 0; i < 1000; ++i) {
      memory.give(*out.begin());
      out.erase(out.begin());
    }
    CHECK(memory.taken() == 1000);
    take(1000);
    CHECK(memory.slabs() == slabs);
    for (std::byte* object : out) memory.give(object);
    CHECK(memory.taken() == 0);
  }
}

TEST_CASE("slabs without objects go back, but one") {
  if (!hasSlabs()) return;
  std::mt19937 random(1);
  SlabMemory memory(136);
  for (int round = 0; round < 3; ++round) {
    std::vector<void*> out;
    for (int i = 0; i < 10'000; ++i) out.push_back(memory.take());
    // 64 KiB hold 481 objects and their own words.
    CHECK(memory.slabs() == 21);
    std::shuffle(out.begin(), out.end(), random);
    for (void* object : out) memory.give(object);
    CHECK(memory.slabs() == 1);
    CHECK(memory.taken() == 0);
  }
}

TEST_CASE("whatever is taken and given, the objects keep to themselves") {
  std::mt19937 random(2);
  SlabMemory memory(1000);
  std::vector<std::pair<unsigned char*, unsigned char>> out;
  for (int i = 0; i < 50'000; ++i) {
    // Grows and shrinks in turn.
    const bool take = out.empty() || random() % 100 < (i / 5000 % 2 == 0 ? 70U : 30U);
    if (take) {
      auto* const object = static_cast<unsigned char*>(memory.take());
      const auto mark = static_cast<unsigned char>(random());
      std::memset(object, mark, 1000);
      out.emplace_back(object, mark);
    } else {
      std::swap(out[random() % out.size()], out.back());
      const auto [object, mark] = out.back();
      out.pop_back();
      REQUIRE(std::all_of(object, object + 1000, [mark = mark](unsigned char byte) { return byte == mark; }));
      memory.give(object);
    }
  }
  CHECK(memory.taken() == out.size());
  if (hasSlabs()) CHECK(memory.slabs() >= out.size() / 65);
  for (const auto& [object, mark] : out) memory.give(object);
}

TEST_CASE("a pool makes and destroys, and what a constructor throws leaves nothing behind") {
  struct Probe {
    Probe(int& count, bool fail) : alive(count) {
      if (fail) throw std::runtime_error("no");
      ++alive;
    }
    ~Probe() { --alive; }
    int& alive;
  };
  int alive = 0;
  SlabPool<Probe> pool;
  Probe* const probe = pool.make(alive, false);
  CHECK(alive == 1);
  CHECK_THROWS_AS(pool.make(alive, true), std::runtime_error);
  CHECK(pool.taken() == 1);
  pool.destroy(probe);
  CHECK(alive == 0);
  CHECK(pool.taken() == 0);
}
