#include "base/slot_table.h"

#include <memory>
#include <new>
#include <stdexcept>

namespace duplex {
namespace {

constexpr std::uint64_t makeWord(std::uint32_t generation, std::uint8_t state) noexcept {
  return std::uint64_t{generation} << 8 | state;
}
constexpr std::uint32_t nextGeneration(std::uint32_t generation) noexcept {
  return generation == UINT32_MAX ? 1 : generation + 1;
}

}  // namespace

SlotTable::~SlotTable() {
  for (const std::atomic<Slot*>& chunk : chunks_) ::operator delete(chunk.load(std::memory_order_relaxed));
}

SlotTable::Slot& SlotTable::addSlot() {
  if (used_ == maxSlots) throw std::length_error("SlotTable: too many objects");
  const auto index = static_cast<std::uint32_t>(used_);
  Slot* slot = find(index);
  if (slot == nullptr) {
    // Slots are constructed one by one as they are used, so that the memory of a large chunk is not
    // touched before.
    const auto chunk =
        static_cast<std::size_t>(std::bit_width(used_ + firstChunk) - std::bit_width(firstChunk));
    void* memory = ::operator new((firstChunk << chunk) * sizeof(Slot));
    chunks_[chunk].store(static_cast<Slot*>(memory), std::memory_order_release);
    slot = find(index);
  }
  new (slot) Slot{makeWord(1, 0), {nullptr}};
  ++used_;
  return *slot;
}

SlotTable::Id SlotTable::allocate(void* object) {
  auto index = static_cast<std::uint32_t>(firstFree_);
  Slot* slot;
  if (firstFree_ == maxSlots) {
    index = static_cast<std::uint32_t>(used_);
    slot = &addSlot();
  } else {
    slot = find(index);
    firstFree_ = slot->nextFree;
  }
  slot->object = object;
  ++size_;
  return {index, generationOf(slot->word.load(std::memory_order_relaxed))};
}

void SlotTable::release(Id id) noexcept {
  Slot* slot = findLive(id);
  if (slot == nullptr) return;
  slot->word.store(makeWord(nextGeneration(id.generation), 0), std::memory_order_release);
  slot->nextFree = firstFree_;
  firstFree_ = id.index;
  --size_;
}

void SlotTable::replace(Id id, void* object) noexcept {
  findLive(id)->object = object;
}

void SlotTable::setState(Id id, std::uint8_t state) noexcept {
  Slot* slot = findLive(id);
  if (slot != nullptr) slot->word.store(makeWord(id.generation, state), std::memory_order_release);
}

std::uint8_t SlotTable::state(Id id, std::uint8_t ifDead) const noexcept {
  if (id.generation == 0) return ifDead;
  const Slot* slot = find(id.index);
  if (slot == nullptr) return ifDead;
  const std::uint64_t word = slot->word.load(std::memory_order_acquire);
  return generationOf(word) == id.generation ? static_cast<std::uint8_t>(word) : ifDead;
}

}  // namespace duplex
