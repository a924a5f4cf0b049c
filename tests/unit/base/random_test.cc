#include "base/random.h"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <bitset>
#include <cstring>
#include <set>
#include <thread>
#include <vector>

namespace {

std::uint64_t draw() {
  std::array<std::byte, 8> bytes;
  duplex::randomBytes(bytes);
  std::uint64_t value;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

}  // namespace

TEST_CASE("draws differ, across blocks and threads") {
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(draw());
  std::vector<std::uint64_t> others;
  std::thread([&] {
    for (int i = 0; i < 1000; ++i) others.push_back(draw());
  }).join();
  seen.insert(others.begin(), others.end());
  CHECK(seen.size() == 2000);
}

TEST_CASE("about half of the bits are set, whatever the size") {
  for (std::size_t size : {1, 3, 4, 511, 512, 513, 5000}) {
    CAPTURE(size);
    std::size_t ones = 0;
    std::size_t bits = 0;
    while (bits < 40'000) {
      std::vector<std::byte> bytes(size);
      duplex::randomBytes(bytes);
      for (std::byte byte : bytes) ones += std::bitset<8>(std::to_integer<unsigned>(byte)).count();
      bits += size * 8;
    }
    // 10 standard deviations of the binomial distribution at 40,000 draws.
    CHECK(static_cast<double>(ones) / static_cast<double>(bits) == doctest::Approx(0.5).epsilon(0.05));
  }
}

TEST_CASE("a fork does not repeat what its parent draws") {
  draw();
  int pipe[2];
  REQUIRE(::pipe(pipe) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const std::uint64_t value = draw();
    ::_exit(::write(pipe[1], &value, sizeof value) == sizeof value ? 0 : 1);
  }
  const std::uint64_t mine = draw();
  std::uint64_t theirs = 0;
  REQUIRE(::read(pipe[0], &theirs, sizeof theirs) == sizeof theirs);
  REQUIRE(::waitpid(child, nullptr, 0) == child);
  ::close(pipe[0]);
  ::close(pipe[1]);
  CHECK(mine != theirs);
}
