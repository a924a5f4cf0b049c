#include "base/slab_pool.h"

#include <sys/mman.h>

#include <cstdint>

#include "base/address_sanitizer.h"

namespace duplex {

namespace {

constexpr std::size_t slabSize = 64 * 1024;

constexpr bool eachApart = addressSanitizer;

/// What is not in use knows the next that is not.
struct Cell {
  Cell* next;
};

constexpr std::size_t roundUp(std::size_t size) noexcept {
  return (size + alignof(Cell) - 1) / alignof(Cell) * alignof(Cell);
}

/// A slab's memory, aligned to its size, so that an object's address tells its slab.
std::byte* mapSlab() {
  void* const mapped =
      ::mmap(nullptr, 2 * slabSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  auto* const start = static_cast<std::byte*>(mapped);
  const std::size_t before = (slabSize - reinterpret_cast<std::uintptr_t>(mapped) % slabSize) % slabSize;
  if (before != 0) ::munmap(start, before);
  ::munmap(start + before + slabSize, slabSize - before);
  return start + before;
}

}  // namespace

void SlabMemory::Link::insertAfter(Link& other) noexcept {
  previous = &other;
  next = other.next;
  next->previous = other.next = this;
}

void SlabMemory::Link::remove() noexcept {
  previous->next = next;
  next->previous = previous;
}

/// At the start of its memory; the objects follow. Those that fill cache lines get whole ones.
struct alignas(64) SlabMemory::Slab : Link {
  // Given back; cells behind `fresh` have never been out, so that their memory is not touched early.
  Cell* free = nullptr;
  std::size_t used = 0;
  std::byte* fresh = reinterpret_cast<std::byte*>(this + 1);

  static Slab& of(const void* cell) noexcept {
    return *reinterpret_cast<Slab*>(reinterpret_cast<std::uintptr_t>(cell) / slabSize * slabSize);
  }
  bool isFull(std::size_t size) const noexcept {
    return free == nullptr && fresh + size > reinterpret_cast<const std::byte*>(this) + slabSize;
  }
};

SlabMemory::SlabMemory(std::size_t size) noexcept : size_(roundUp(size)) {}

SlabMemory::~SlabMemory() {
  while (slabs_.next != &slabs_) removeSlab(static_cast<Slab&>(*slabs_.next));
}

SlabMemory::Slab& SlabMemory::addSlab() {
  auto* const slab = new (mapSlab()) Slab;
  slab->insertAfter(slabs_);
  ++slabCount_;
  return *slab;
}

void SlabMemory::removeSlab(Slab& slab) noexcept {
  slab.remove();
  ::munmap(&slab, slabSize);
  --slabCount_;
}

void* SlabMemory::take() {
  if (eachApart) {
    void* const memory = ::operator new(size_);
    ++taken_;
    return memory;
  }
  // If the first one is full, all are.
  Link* const first = slabs_.next;
  const bool hasRoom = first != &slabs_ && !static_cast<Slab*>(first)->isFull(size_);
  Slab& slab = hasRoom ? static_cast<Slab&>(*first) : addSlab();
  void* memory = slab.free;
  if (memory != nullptr) {
    slab.free = slab.free->next;
  } else {
    memory = slab.fresh;
    slab.fresh += size_;
  }
  ++slab.used;
  ++taken_;
  if (slab.isFull(size_)) {
    slab.remove();
    slab.insertAfter(*slabs_.previous);
  }
  return memory;
}

void SlabMemory::give(void* memory) noexcept {
  --taken_;
  if (eachApart) return ::operator delete(memory);
  Slab& slab = Slab::of(memory);
  if (slab.isFull(size_)) {
    slab.remove();
    slab.insertAfter(slabs_);
  }
  slab.free = new (memory) Cell{slab.free};
  // The last one with room stays, for the next object.
  if (--slab.used > 0) return;
  const Link* const other = slabs_.next == &slab ? slab.next : slabs_.next;
  if (other != &slabs_ && !static_cast<const Slab*>(other)->isFull(size_)) removeSlab(slab);
}

}  // namespace duplex
