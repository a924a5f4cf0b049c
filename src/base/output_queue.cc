#include "base/output_queue.h"

#include <algorithm>
#include <new>
#include <utility>

#include "base/large_blocks.h"

namespace duplex {
namespace {

constexpr std::size_t smallestChunk = 512;
constexpr std::size_t largestChunk = 64 * 1024;
// A reference costs an allocation, two atomic operations and a piece of the gathered write.
constexpr std::size_t copiedBelow = 256;

}  // namespace

OutputQueue::~OutputQueue() {
  while (head_ != nullptr) freeChunk(std::exchange(head_, head_->next));
}

OutputQueue::Chunk* OutputQueue::makeChunk(std::size_t capacity) {
  const LargeBlock block = allocateBlock(sizeof(Chunk) + capacity);
  return new (block.memory) Chunk((block.size - sizeof(Chunk)) / alignof(Chunk) * alignof(Chunk));
}

void OutputQueue::freeChunk(Chunk* chunk) noexcept {
  const LargeBlock block{chunk, sizeof(Chunk) + chunk->capacity};
  chunk->~Chunk();
  freeBlock(block);
}

OutputQueue::Chunk* OutputQueue::appendChunk(std::size_t capacity) {
  Chunk* chunk = makeChunk(capacity);
  link(chunk);
  return chunk;
}

void OutputQueue::link(Chunk* chunk) noexcept {
  (tail_ == nullptr ? head_ : tail_->next) = chunk;
  tail_ = chunk;
}

// As much again as is queued, so that a queue that grows takes few chunks; twice a chunk of which
// nothing has been consumed, so that what is filled turn by turn comes to fit into one; and no more,
// so that a short queue that never runs empty stays small.
std::size_t OutputQueue::nextCapacity() const noexcept {
  const bool outgrown = tail_ != nullptr && !tail_->shared && tail_->begin == 0;
  const std::size_t wanted = std::max(2 * size_, outgrown ? 2 * (sizeof(Chunk) + tail_->capacity) : 0);
  return std::clamp(wanted, smallestChunk, largestChunk) - sizeof(Chunk);
}

std::byte* OutputQueue::extendSlow(std::size_t size) {
  const std::size_t capacity = std::max(nextCapacity(), size + sizeof(FrameEnd));
  if (size_ == 0 && head_ != nullptr) freeChunk(std::exchange(head_, tail_ = nullptr));
  // Frame ends, which grow from the end, want their alignment.
  Chunk* chunk = appendChunk((capacity + alignof(Chunk) - 1) / alignof(Chunk) * alignof(Chunk));
  chunk->end = size;
  size_ += size;
  return chunk->own();
}

void OutputQueue::append(Ref<SharedBytes> shared, Bytes part, Bytes head) {
  if (part.size() < copiedBelow) {
    std::copy_n(part.begin(), part.size(),
                std::copy_n(head.begin(), head.size(), extend(head.size() + part.size())));
    return;
  }
  Chunk* chunk = makeChunk(sizeof(FrameEnd));
  try {
    append(head);
  } catch (...) {
    freeChunk(chunk);
    throw;
  }
  link(chunk);
  chunk->begin = static_cast<std::size_t>(part.data() - shared->bytes().data());
  chunk->end = chunk->begin + part.size();
  size_ += part.size();
  chunk->shared = std::move(shared);
}

void OutputQueue::prepend(Ref<SharedBytes> shared, std::size_t consumed) {
  // An empty queue may keep a chunk for its next use, which is not to lie behind this.
  if (size_ == 0 && head_ != nullptr) freeChunk(std::exchange(head_, tail_ = nullptr));
  Chunk* chunk = makeChunk(sizeof(FrameEnd));
  chunk->begin = consumed;
  chunk->end = shared->size();
  chunk->next = head_;
  head_ = chunk;
  if (tail_ == nullptr) tail_ = chunk;
  size_ += chunk->end - consumed;
  if (shared->payload() != 0) {
    payload_ += shared->payload();
    chunk->frame(chunk->frames++) = {chunk->end, shared->payload()};
    chunk->room -= sizeof(FrameEnd);
  }
  chunk->shared = std::move(shared);
}

std::size_t OutputQueue::gather(std::span<iovec> pieces) const noexcept {
  std::size_t filled = 0;
  for (Chunk* chunk = head_; chunk != nullptr && filled < pieces.size(); chunk = chunk->next) {
    if (chunk->begin == chunk->end) continue;
    // writev does not write to what an iovec points to, whatever its type says.
    pieces[filled++] = {const_cast<std::byte*>(chunk->data()) + chunk->begin, chunk->end - chunk->begin};
  }
  return filled;
}

void OutputQueue::consumePart(std::size_t size) noexcept {
  size_ -= size;
  while (true) {
    Chunk& chunk = *head_;
    const std::size_t taken = std::min(size, chunk.end - chunk.begin);
    chunk.begin += taken;
    size -= taken;
    payload_ -= consumeFrames(chunk);
    if (chunk.begin < chunk.end) return;
    freeChunk(std::exchange(head_, chunk.next));
  }
}

std::size_t OutputQueue::consumeFrames(Chunk& chunk) noexcept {
  std::size_t payload = 0;
  while (chunk.firstFrame < chunk.frames && chunk.frame(chunk.firstFrame).at <= chunk.begin) {
    payload += chunk.frame(chunk.firstFrame++).payload;
  }
  return payload;
}

void OutputQueue::clear() noexcept {
  consume(size_);
}

// Keeps the largest chunk of own bytes for the next use.
void OutputQueue::reset() noexcept {
  Chunk* kept = nullptr;
  while (head_ != nullptr) {
    Chunk* chunk = std::exchange(head_, head_->next);
    if (!chunk->shared && (kept == nullptr || kept->capacity < chunk->capacity)) std::swap(kept, chunk);
    if (chunk != nullptr) freeChunk(chunk);
  }
  head_ = tail_ = kept;
  if (kept != nullptr) {
    kept->next = nullptr;
    kept->reset();
  }
  size_ = 0;
  payload_ = 0;
}

void OutputQueue::shrink(std::size_t keep) noexcept {
  if (!empty() || head_ == nullptr || sizeof(Chunk) + head_->capacity <= keep) return;
  freeChunk(std::exchange(head_, tail_ = nullptr));
}

}  // namespace duplex
