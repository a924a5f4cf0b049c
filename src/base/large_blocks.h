#pragma once

#include <cstddef>

namespace duplex {

/// Memory for what may be large. Fresh pages cost the kernel more than a copy of what comes to lie in
/// them, so each thread with a loop keeps large blocks between uses: 64 MiB at most, and what is not used
/// again within a second or two is given back. None is given to who asks for less than half of it.
struct LargeBlock {
  void* memory;
  std::size_t size;
};

/// Of `size` bytes or more. Throws std::bad_alloc.
LargeBlock allocateBlock(std::size_t size);
/// One of those that this thread keeps, of `size` bytes or more; null if it keeps none.
LargeBlock takeKeptBlock(std::size_t size) noexcept;
/// On any thread; with the size that `allocateBlock` told.
void freeBlock(LargeBlock block) noexcept;

/// Whether this thread keeps any, and calls `trimBlocks`; without this call it does not. `false` gives them
/// back.
void keepBlocks(bool keep) noexcept;
/// Bytes that this thread keeps.
std::size_t keptBlocks() noexcept;
/// Gives back as much as was kept all the time since the last call.
void trimBlocks() noexcept;

}  // namespace duplex
