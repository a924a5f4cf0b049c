#include "protocol/message_buffer.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <new>
#include <utility>

#include "base/large_blocks.h"

namespace duplex::protocol {
namespace {

constexpr std::size_t largeStart = 64 * 1024;
constexpr std::size_t leastRoom = 16 * 1024;

}  // namespace

MessageBuffer::MessageBuffer(MessageBuffer&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}

MessageBuffer& MessageBuffer::operator=(MessageBuffer&& other) noexcept {
  std::swap(block_, other.block_);
  return *this;
}

MutableBytes MessageBuffer::bytes() noexcept {
  return block_ == nullptr ? MutableBytes() : MutableBytes(block_->bytes(), block_->size);
}

MutableBytes MessageBuffer::extend(std::size_t size, std::size_t coming) {
  if (size == 0) return {};
  const std::size_t needed = this->size() + size;
  if (block_ == nullptr || needed > block_->capacity) grow(needed, 0, coming);
  block_->size = needed;
  return {block_->bytes() + needed - size, size};
}

MutableBytes MessageBuffer::room(std::size_t coming) {
  const std::size_t size = this->size();
  const std::size_t least = std::min(coming, leastRoom);
  if (block_ == nullptr || block_->capacity - size < least) grow(size, least, coming - least);
  return {block_->bytes() + size, std::min(coming, block_->capacity - size)};
}

void MessageBuffer::truncate(std::size_t size) noexcept {
  if (size == 0) return free();
  block_->size = size;
}

void MessageBuffer::grow(std::size_t arrived, std::size_t more, std::size_t coming) {
  const std::size_t needed = arrived + more;
  const std::size_t start = sizeof(Block) + needed;
  const std::size_t whole = start + std::min(coming, std::numeric_limits<std::size_t>::max() - start);
  LargeBlock memory = takeKeptBlock(whole);
  if (memory.memory == nullptr) {
    const bool takesAll = arrived >= largeStart && coming / 15 < arrived;
    memory = allocateBlock(takesAll ? whole : start + std::min(needed, coming));
  }
  auto* grown = new (memory.memory) Block{0, memory.size - sizeof(Block)};
  if (block_ != nullptr) {
    std::memcpy(grown->bytes(), block_->bytes(), block_->size);
    grown->size = block_->size;
    free();
  }
  block_ = grown;
}

Ref<SharedBytes> MessageBuffer::release() {
  if (block_ == nullptr) return {};
  auto shared = Ref<SharedBytes>::adopt(new SharedBytes(block_->memory(), bytes()));
  block_ = nullptr;
  return shared;
}

void MessageBuffer::free() noexcept {
  if (Block* block = std::exchange(block_, nullptr)) freeBlock(block->memory());
}

}  // namespace duplex::protocol
