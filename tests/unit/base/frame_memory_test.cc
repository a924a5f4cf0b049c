#include <duplex/frame_memory.h>

#include <doctest/doctest.h>

#include <cstring>
#include <thread>
#include <vector>

#include "base/address_sanitizer.h"

using duplex::detail::giveFrame;
using duplex::detail::takeFrame;

TEST_CASE("memory of a frame is used again for the next of its size") {
  for (const std::size_t size : {1u, 64u, 65u, 500u, 2048u}) {
    void* const first = takeFrame(size);
    std::memset(first, 0xAB, size);
    giveFrame(first, size);
    void* const second = takeFrame(size);
    if (!duplex::addressSanitizer) CHECK(second == first);
    giveFrame(second, size);
  }
}

TEST_CASE("frames of any size may be out at once, and given back by another thread") {
  std::vector<std::pair<void*, std::size_t>> frames;
  for (int round = 0; round < 3; ++round) {
    for (std::size_t size = 0; size < 10'000; size += 97) {
      frames.emplace_back(takeFrame(size), size);
      std::memset(frames.back().first, round, size);
    }
  }
  std::thread([&frames] {
    for (const auto& [frame, size] : frames) giveFrame(frame, size);
  }).join();
}
