#pragma once

#include <cstddef>

namespace duplex {

/// Memory for what may be large. Fresh pages cost the kernel more than a copy of what comes to lie in
/// them, so each thread keeps a few large blocks between uses, 8 MiB at most.
struct LargeBlock {
  void* memory;
  std::size_t size;
};

/// Of `size` bytes or more. Throws std::bad_alloc.
LargeBlock allocateBlock(std::size_t size);
/// On any thread; with the size that `allocateBlock` told.
void freeBlock(LargeBlock block) noexcept;

}  // namespace duplex
