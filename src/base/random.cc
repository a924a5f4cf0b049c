#include "base/random.h"

#include <openssl/rand.h>
#include <pthread.h>

#include <array>
#include <atomic>
#include <cstring>
#include <stdexcept>

namespace duplex {
namespace {

// How many forks this process is away from its ancestor: a child must not draw what its parent draws.
std::atomic<unsigned> forks{0};

void draw(MutableBytes out) {
  // RAND_bytes counts in int.
  constexpr std::size_t largestPiece = 1U << 20;
  while (!out.empty()) {
    const MutableBytes piece = out.first(out.size() < largestPiece ? out.size() : largestPiece);
    if (::RAND_bytes(reinterpret_cast<unsigned char*>(piece.data()), static_cast<int>(piece.size())) != 1) {
      throw std::runtime_error("the system's generator of random numbers failed");
    }
    out = out.subspan(piece.size());
  }
}

struct Block {
  std::array<std::byte, 512> bytes;
  std::size_t used = bytes.size();
  unsigned forksAtDraw = 0;

  Block() {
    [[maybe_unused]] static const int watching =
        ::pthread_atfork(nullptr, nullptr, [] { forks.fetch_add(1, std::memory_order_relaxed); });
  }

  void take(MutableBytes out) {
    const unsigned now = forks.load(std::memory_order_relaxed);
    if (bytes.size() - used < out.size() || forksAtDraw != now) {
      draw(bytes);
      used = 0;
      forksAtDraw = now;
    }
    std::memcpy(out.data(), bytes.data() + used, out.size());
    // What was handed out is not to be found in memory again.
    std::memset(bytes.data() + used, 0, out.size());
    used += out.size();
  }
};

}  // namespace

// Without random numbers nothing sent would be safe: a failure of the generator ends the process,
// since the exception meets noexcept.
void randomBytes(MutableBytes out) noexcept {
  thread_local Block block;
  if (out.empty()) return;
  if (out.size() > block.bytes.size()) return draw(out);
  block.take(out);
}

}  // namespace duplex
