#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "net/loop.h"
#include "net/sim_backend.h"

namespace duplex::test {

#if defined(__SANITIZE_THREAD__)
constexpr bool threadSanitizer = true;
#else
constexpr bool threadSanitizer = false;
#endif

/// Simulated networks to try, where `count` would be thorough. What is simulated knows no threads, so the
/// sanitizer of threads, which is slow, sees one.
constexpr std::uint64_t seeds(std::uint64_t count) {
  return threadSanitizer ? 1 : count;
}

/// A loop over the simulated network, and the network itself.
struct SimLoop {
  explicit SimLoop(const net::SimOptions& options = {})
      : loop([this, &options](net::Loop& made) {
          auto backend = std::make_unique<net::SimBackend>(made, options);
          sim = backend.get();
          return backend;
        }) {}

  net::SimBackend* sim = nullptr;
  net::Loop loop;
};

/// Turns `loop` until `done`. False if that takes more turns than any test should.
template <class Done>
bool turnUntil(net::Loop& loop, Done&& done, int turns = 200'000) {
  for (int i = 0; i < turns; ++i) {
    if (done()) return true;
    loop.turn(loop.now() + Milliseconds(10));
  }
  return done();
}

/// Runs `test(loop)` over each back end that this machine has.
template <class Test>
void overEachBackend(Test&& test) {
  {
    net::Loop loop("epoll");
    test(loop);
  }
  if (!net::whyNoUring()) {
    net::Loop loop("uring");
    test(loop);
  }
  for (std::uint64_t seed = 1; seed <= seeds(20); ++seed) {
    SimLoop sim({.seed = seed, .maxChunk = 1 + seed * 997, .capacity = 4096 * seed, .delays = 300});
    test(sim.loop);
  }
}

}  // namespace duplex::test
