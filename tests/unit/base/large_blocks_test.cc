#include "base/large_blocks.h"

#include <doctest/doctest.h>

#include <cstring>
#include <thread>
#include <vector>

using duplex::allocateBlock;
using duplex::freeBlock;
using duplex::LargeBlock;

TEST_CASE("a block has the room that was asked for, whatever was freed before") {
  std::vector<LargeBlock> blocks;
  for (int round = 0; round < 3; ++round) {
    for (std::size_t size = 1; size <= (std::size_t{16} << 20); size *= 4) {
      const LargeBlock block = allocateBlock(size);
      CHECK(block.size >= size);
      std::memset(block.memory, round, block.size);
      blocks.push_back(block);
    }
    for (const LargeBlock& block : blocks) freeBlock(block);
    blocks.clear();
  }
}

TEST_CASE("no two blocks in use are the same, and one may be freed on another thread") {
  const LargeBlock first = allocateBlock(100'000);
  const LargeBlock second = allocateBlock(100'000);
  CHECK(first.memory != second.memory);
  std::thread([&] {
    freeBlock(first);
    const LargeBlock third = allocateBlock(100'000);
    CHECK(third.memory != second.memory);
    freeBlock(third);
  }).join();
  freeBlock(second);
}

TEST_CASE("who keeps no blocks, and who asks for much less, gets none that are kept") {
  freeBlock(allocateBlock(1'000'000));
  CHECK(duplex::keptBlocks() == 0);
  duplex::keepBlocks(true);
  freeBlock(allocateBlock(1'000'000));
  const std::size_t kept = duplex::keptBlocks();
  const LargeBlock small = allocateBlock(400'000);
  CHECK(small.size < 1'000'000);
  CHECK(duplex::keptBlocks() == kept);
  freeBlock(small);
  duplex::keepBlocks(false);
  CHECK(duplex::keptBlocks() == 0);
}

TEST_CASE("what is not used again is given back") {
  duplex::keepBlocks(true);
  duplex::trimBlocks();
  duplex::trimBlocks();
  freeBlock(allocateBlock(1'000'000));
  const std::size_t kept = duplex::keptBlocks();
  duplex::trimBlocks();
  CHECK(duplex::keptBlocks() == kept);  // it was used since the last time
  duplex::trimBlocks();
  CHECK(duplex::keptBlocks() == 0);
  duplex::keepBlocks(false);
}
