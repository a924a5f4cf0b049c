#include "websocket/backlog.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

using namespace duplex;
using websocket::Backlog;

namespace {

Ref<SharedBytes> frameOf(std::string_view text, std::size_t payload = 1) {
  auto frame = Ref<SharedBytes>::adopt(new SharedBytes(text.size(), payload));
  std::copy_n(asBytes(text).data(), text.size(), frame->writable().data());
  return frame;
}

std::string textOf(const Ref<SharedBytes>& frame) {
  return std::string(asText(frame->bytes()));
}

// All that waits, in order, each followed by a space.
std::string drain(Backlog& backlog) {
  std::string all;
  while (!backlog.empty()) all += textOf(backlog.take()) + ' ';
  CHECK(backlog.size() == 0);
  CHECK(backlog.payload() == 0);
  return all;
}

constexpr std::size_t endless = ~std::size_t{0};

// Room for three messages of one byte.
constexpr std::size_t three = 3 * (1 + Backlog::overhead);

}  // namespace

TEST_CASE("what waits leaves in order, and is counted") {
  for (const SlowPeer policy : {SlowPeer::DropNew, SlowPeer::DropOld, SlowPeer::KeepLatest}) {
    Backlog backlog(policy);
    CHECK(backlog.empty());
    for (const char* text : {"a", "bc", "def"}) CHECK(backlog.put(frameOf(text, 10), {}, endless) == 0);
    CHECK(backlog.size() == 6 + 3 * Backlog::overhead);
    CHECK(backlog.payload() == 30);
    CHECK(drain(backlog) == "a bc def ");
  }
}

TEST_CASE("one byte below the limit, at it, and above it") {
  struct Case {
    SlowPeer policy;
    std::size_t room;
    std::size_t dropped;
    const char* left;
  };
  const Case cases[] = {
      {SlowPeer::DropNew, three - 1, 1, "a b "},      {SlowPeer::DropNew, three, 0, "a b c "},
      {SlowPeer::DropNew, three + 1, 0, "a b c "},    {SlowPeer::DropOld, three - 1, 1, "b c "},
      {SlowPeer::DropOld, three, 0, "a b c "},        {SlowPeer::DropOld, three + 1, 0, "a b c "},
      {SlowPeer::KeepLatest, three - 1, 1, "b c "},   {SlowPeer::KeepLatest, three, 0, "a b c "},
      {SlowPeer::KeepLatest, three + 1, 0, "a b c "},
  };
  for (const Case& one : cases) {
    CAPTURE(one.room);
    Backlog backlog(one.policy);
    CHECK(backlog.put(frameOf("a"), {}, one.room) == 0);
    CHECK(backlog.put(frameOf("b"), {}, one.room) == 0);
    CHECK(backlog.put(frameOf("c"), {}, one.room) == one.dropped);
    CHECK(backlog.size() <= one.room);
    CHECK(drain(backlog) == one.left);
  }
}

TEST_CASE("as many of the old go as the new one needs") {
  Backlog backlog(SlowPeer::DropOld);
  for (const char* text : {"a", "b", "c"}) backlog.put(frameOf(text), {}, three);
  CHECK(backlog.put(frameOf(std::string(Backlog::overhead, 'x')), {}, three) == 2);
  CHECK(backlog.payload() == 2);
  CHECK(drain(backlog) == "c " + std::string(Backlog::overhead, 'x') + ' ');
}

TEST_CASE("what does not fit by itself is dropped, and nothing for it") {
  for (const SlowPeer policy : {SlowPeer::DropNew, SlowPeer::DropOld, SlowPeer::KeepLatest}) {
    Backlog backlog(policy);
    backlog.put(frameOf("a"), {}, three);
    const std::size_t most = three - Backlog::overhead;
    CHECK(backlog.put(frameOf(std::string(most + 1, 'x')), {}, three) == 1);
    CHECK(backlog.put(frameOf("y"), {}, 0) == 1);
    CHECK(drain(backlog) == "a ");
    CHECK(backlog.put(frameOf(std::string(most, 'x')), {}, three) == 0);
    CHECK(drain(backlog) == std::string(most, 'x') + ' ');
  }
}

TEST_CASE("the latest of a key takes the place of the one that waits") {
  Backlog backlog(SlowPeer::KeepLatest);
  CHECK(backlog.put(frameOf("a1"), "a", endless) == 0);
  CHECK(backlog.put(frameOf("b1"), "b", endless) == 0);
  CHECK(backlog.put(frameOf("-"), {}, endless) == 0);
  CHECK(backlog.put(frameOf("-"), {}, endless) == 0);
  CHECK(backlog.put(frameOf("a22", 5), "a", endless) == 1);
  CHECK(backlog.payload() == 8);
  CHECK(backlog.size() == 3 + 2 + 1 + 1 + 2 + 4 * Backlog::overhead);
  CHECK(textOf(backlog.take()) == "a22");
  // It has left; the next one waits anew.
  CHECK(backlog.put(frameOf("a3"), "a", endless) == 0);
  CHECK(drain(backlog) == "b1 - - a3 ");
}

TEST_CASE("keys mean nothing to the other policies") {
  for (const SlowPeer policy : {SlowPeer::DropNew, SlowPeer::DropOld}) {
    Backlog backlog(policy);
    for (const char* text : {"1", "2", "3"}) CHECK(backlog.put(frameOf(text), "key", three) == 0);
    CHECK(drain(backlog) == "1 2 3 ");
  }
}

TEST_CASE("a latest that is larger makes room among the old, and gives up its place last") {
  // Two messages with a key of one byte; a frame may grow by as much as a third would take.
  constexpr std::size_t cost = 1 + 1 + Backlog::overhead;
  const std::string large(1 + cost, 'A');
  SUBCASE("it stands behind") {
    Backlog backlog(SlowPeer::KeepLatest);
    for (const char* key : {"b", "a", "c"}) backlog.put(frameOf(key), key, 3 * cost);
    CHECK(backlog.put(frameOf(large), "a", 3 * cost) == 2);
    CHECK(drain(backlog) == large + " c ");
  }
  SUBCASE("it is the oldest") {
    Backlog backlog(SlowPeer::KeepLatest);
    for (const char* key : {"a", "b", "c"}) backlog.put(frameOf(key), key, 3 * cost);
    CHECK(backlog.put(frameOf(large), "a", 3 * cost) == 2);
    CHECK(drain(backlog) == "c " + large + ' ');
  }
}

TEST_CASE("frames are let go with their messages") {
  const auto frame = frameOf("x");
  Backlog backlog(SlowPeer::KeepLatest);
  backlog.put(Ref(frame), "a", endless);
  CHECK_FALSE(frame->unique());
  backlog.put(frameOf("y"), "a", endless);
  CHECK(frame->unique());
  backlog.put(Ref(frame), "b", 2 * (2 + Backlog::overhead));
  backlog.put(frameOf("z"), "c", 2 + Backlog::overhead);
  CHECK(frame->unique());
  CHECK(backlog.put(Ref(frame), "d", 0) == 1);
  CHECK(frame->unique());
}

TEST_CASE("any sequence of messages agrees with a plain list") {
  struct Plain {
    std::string text;
    std::string key;
    std::size_t cost() const { return text.size() + key.size() + Backlog::overhead; }
  };
  std::mt19937 random(5);
  for (const SlowPeer policy : {SlowPeer::DropNew, SlowPeer::DropOld, SlowPeer::KeepLatest}) {
    Backlog backlog(policy);
    std::vector<Plain> plain;
    const auto total = [&] {
      std::size_t sum = 0;
      for (const Plain& one : plain) sum += one.cost();
      return sum;
    };
    for (int round = 0; round < 20'000; ++round) {
      if (random() % 4 == 0 && !plain.empty()) {
        REQUIRE(textOf(backlog.take()) == plain.front().text);
        plain.erase(plain.begin());
        continue;
      }
      const std::size_t room = 200 + random() % 1500;
      const Plain added{
          std::string(random() % 300, 'x') + std::to_string(round),
          policy == SlowPeer::KeepLatest && random() % 3 != 0 ? std::to_string(random() % 8) : ""};
      const std::size_t before = plain.size();
      bool taken = added.cost() <= room;
      if (policy == SlowPeer::DropNew) taken = taken && total() + added.cost() <= room;
      while (taken) {
        const auto same = std::find_if(plain.begin(), plain.end(), [&](const Plain& one) {
          return !one.key.empty() && one.key == added.key;
        });
        const std::size_t freed = same == plain.end() ? 0 : same->cost();
        if (total() - freed + added.cost() > room) {
          plain.erase(plain.begin());
        } else if (same != plain.end()) {
          *same = added;
          break;
        } else {
          plain.push_back(added);
          break;
        }
      }
      REQUIRE(backlog.put(frameOf(added.text), added.key, room) == before + 1 - plain.size());
      REQUIRE(backlog.size() == total());
      REQUIRE(backlog.empty() == plain.empty());
    }
  }
}
