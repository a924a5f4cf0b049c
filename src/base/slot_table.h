#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace duplex {

/// Finds objects by (index, generation), for weak handles: an id outlives its object without harm.
/// Next to each object it keeps one byte that other threads may read.
///
/// One thread, the owner, does everything but `state`, which is safe from any thread for an id that
/// has reached it, also while the table grows. A slot takes 16 bytes; slots are reused and never
/// moved or given back.
class SlotTable {
 public:
  /// Generation 0 is never handed out: Id{} is dead.
  struct Id {
    std::uint32_t index = 0;
    std::uint32_t generation = 0;

    friend bool operator==(const Id&, const Id&) = default;
  };

  static constexpr std::size_t maxSlots = std::size_t{1} << 24;

  SlotTable() = default;
  SlotTable(const SlotTable&) = delete;
  SlotTable& operator=(const SlotTable&) = delete;
  ~SlotTable();

  /// A slot for `object`, not null; its state is 0. Throws std::length_error beyond `maxSlots`.
  Id allocate(void* object);
  /// From now on `id` is dead. Nothing if it is already.
  void release(Id id) noexcept;
  /// From now on `id`, which is not dead, finds `object`, not null.
  void replace(Id id, void* object) noexcept;
  /// Null if dead.
  void* get(Id id) const noexcept;
  /// Objects in the table.
  std::size_t size() const noexcept { return size_; }

  /// Nothing if `id` is dead.
  void setState(Id id, std::uint8_t state) noexcept;
  /// From any thread.
  std::uint8_t state(Id id, std::uint8_t ifDead) const noexcept;

 private:
  // The generation above the state, in one word so that both are read at once.
  struct Slot {
    std::atomic<std::uint64_t> word;
    union {
      void* object;
      std::uint64_t nextFree;
    };
  };
  static_assert(sizeof(Slot) == 16 && std::atomic<std::uint64_t>::is_always_lock_free);

  // Chunk k holds the 64 << k slots from index (64 << k) - 64 on, so few chunks make a large table.
  static constexpr std::size_t firstChunk = 64;
  static constexpr std::size_t chunks = 19;

  static constexpr std::uint32_t generationOf(std::uint64_t word) noexcept {
    return static_cast<std::uint32_t>(word >> 8);
  }
  Slot* find(std::uint32_t index) const noexcept;
  Slot* findLive(Id id) const noexcept;
  Slot& addSlot();

  std::array<std::atomic<Slot*>, chunks> chunks_{};
  std::size_t used_ = 0;
  std::size_t size_ = 0;
  std::uint64_t firstFree_ = maxSlots;
};

inline SlotTable::Slot* SlotTable::find(std::uint32_t index) const noexcept {
  const std::size_t shifted = index + firstChunk;
  const std::size_t chunk = static_cast<std::size_t>(std::bit_width(shifted) - std::bit_width(firstChunk));
  if (chunk >= chunks) return nullptr;
  Slot* slots = chunks_[chunk].load(std::memory_order_acquire);
  return slots == nullptr ? nullptr : slots + (shifted - (firstChunk << chunk));
}

inline SlotTable::Slot* SlotTable::findLive(Id id) const noexcept {
  if (id.generation == 0 || id.index >= used_) return nullptr;
  Slot* slot = find(id.index);
  return generationOf(slot->word.load(std::memory_order_relaxed)) == id.generation ? slot : nullptr;
}

inline void* SlotTable::get(Id id) const noexcept {
  const Slot* slot = findLive(id);
  return slot == nullptr ? nullptr : slot->object;
}

}  // namespace duplex
