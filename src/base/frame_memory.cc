#include <duplex/frame_memory.h>

#include <array>
#include <cstdint>
#include <new>
#include <utility>

#include "base/address_sanitizer.h"

namespace duplex::detail {

namespace {

// Sizes are rounded up to these steps. What is larger than the largest is rare.
constexpr std::size_t step = 64;
constexpr std::size_t sizes = 32;
// Of one thread. What is kept hides its use after its end from the sanitizer.
constexpr std::size_t mostKept = addressSanitizer ? 0 : 256 * 1024;

struct Block {
  Block* next;
};

/// Any thread's blocks may end here: each has been allocated by itself.
class Kept {
 public:
  Kept() = default;
  Kept(const Kept&) = delete;
  Kept& operator=(const Kept&) = delete;
  ~Kept() {
    gone = true;
    for (Block* block : blocks_) {
      while (block != nullptr) ::operator delete(std::exchange(block, block->next));
    }
  }
  // Objects of the thread that go after it may still free.
  static inline constinit thread_local bool gone = false;

  void* take(std::size_t index) noexcept {
    Block* const block = blocks_[index];
    if (block == nullptr) return nullptr;
    blocks_[index] = block->next;
    size_ -= (index + 1) * step;
    return block;
  }

  bool keep(void* memory, std::size_t index) noexcept {
    const std::size_t size = (index + 1) * step;
    if (size_ + size > mostKept) return false;
    size_ += size;
    blocks_[index] = new (memory) Block{blocks_[index]};
    return true;
  }

 private:
  std::array<Block*, sizes> blocks_{};
  std::size_t size_ = 0;
};

thread_local Kept kept;

std::size_t indexOf(std::size_t size) noexcept {
  return size == 0 ? 0 : (size - 1) / step;
}

}  // namespace

void* takeFrame(std::size_t size) {
  const std::size_t index = indexOf(size);
  if (index >= sizes) return ::operator new(size);
  if (!Kept::gone) {
    if (void* const memory = kept.take(index); memory != nullptr) return memory;
  }
  return ::operator new((index + 1) * step);
}

void giveFrame(void* frame, std::size_t size) noexcept {
  const std::size_t index = indexOf(size);
  if (index >= sizes || Kept::gone || !kept.keep(frame, index)) ::operator delete(frame);
}

}  // namespace duplex::detail
