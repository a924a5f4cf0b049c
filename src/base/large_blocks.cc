#include "base/large_blocks.h"

#include <algorithm>
#include <array>
#include <new>
#include <span>

#include "base/address_sanitizer.h"

namespace duplex {
namespace {

// What is smaller, the allocator has at hand.
constexpr std::size_t smallestKept = 64 * 1024;
// A block that is kept hides its use after its end.
constexpr std::size_t mostKept = addressSanitizer ? 0 : 64 * 1024 * 1024;

class Kept {
 public:
  Kept() = default;
  Kept(const Kept&) = delete;
  Kept& operator=(const Kept&) = delete;
  ~Kept() {
    for (std::size_t i = 0; i < count_; ++i) ::operator delete(blocks_[i].memory);
    gone = true;
  }
  // Objects of the thread that go after it may still free.
  static inline constinit thread_local bool gone = false;

  /// The smallest that is large enough, and not much larger; none: null.
  LargeBlock take(std::size_t size) noexcept {
    LargeBlock* best = nullptr;
    for (LargeBlock& block : std::span(blocks_.data(), count_)) {
      if (block.size >= size && block.size / 2 <= size && (best == nullptr || block.size < best->size))
        best = &block;
    }
    if (best == nullptr) return {nullptr, 0};
    const LargeBlock taken = *best;
    *best = blocks_[--count_];
    size_ -= taken.size;
    idle_ = std::min(idle_, size_);
    return taken;
  }

  bool keep(LargeBlock block) noexcept {
    if (!keeps_ || count_ == blocks_.size() || block.size > mostKept - std::min(size_, mostKept))
      return false;
    blocks_[count_++] = block;
    size_ += block.size;
    return true;
  }

  void setKeeps(bool keeps) noexcept {
    keeps_ = keeps;
    if (keeps) return;
    trim();
    trim();
  }

  std::size_t size() const noexcept { return size_; }

  void trim() noexcept {
    while (count_ > 0 && idle_ > 0) {
      const LargeBlock& last = blocks_[--count_];
      ::operator delete(last.memory);
      size_ -= last.size;
      idle_ -= std::min(idle_, last.size);
    }
    idle_ = size_;
  }

 private:
  std::array<LargeBlock, 256> blocks_;
  std::size_t count_ = 0;
  std::size_t size_ = 0;
  // The least that was kept since the last trim: nobody missed that.
  std::size_t idle_ = 0;
  bool keeps_ = false;
};

thread_local Kept kept;

}  // namespace

LargeBlock takeKeptBlock(std::size_t size) noexcept {
  if (size < smallestKept || Kept::gone) return {nullptr, 0};
  return kept.take(size);
}

LargeBlock allocateBlock(std::size_t size) {
  if (const LargeBlock block = takeKeptBlock(size); block.memory != nullptr) return block;
  return {::operator new(size), size};
}

void freeBlock(LargeBlock block) noexcept {
  if (block.size < smallestKept || Kept::gone || !kept.keep(block)) ::operator delete(block.memory);
}

void keepBlocks(bool keep) noexcept {
  if (!Kept::gone) kept.setKeeps(keep);
}

std::size_t keptBlocks() noexcept {
  return Kept::gone ? 0 : kept.size();
}

void trimBlocks() noexcept {
  if (!Kept::gone) kept.trim();
}

}  // namespace duplex
