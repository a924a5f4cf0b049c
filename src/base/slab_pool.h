#pragma once

#include <cstddef>
#include <new>
#include <utility>

namespace duplex {

/// Memory for many objects of one size, which live long and of which there may be a million: without
/// the allocator's word beside each, and apart from what comes and goes, so that this leaves no holes
/// between them. It is had from the kernel in slabs of 64 KiB, and a slab without objects goes back.
///
/// Not for two threads at once. What is not given back lives as long as this.
class SlabMemory {
 public:
  /// `size`: of one object, in bytes; small beside a slab. Objects are aligned to 8 bytes.
  explicit SlabMemory(std::size_t size) noexcept;
  SlabMemory(const SlabMemory&) = delete;
  SlabMemory& operator=(const SlabMemory&) = delete;
  ~SlabMemory();

  /// Throws std::bad_alloc.
  void* take();
  void give(void* memory) noexcept;

  /// Objects that are out, and slabs held for them. With the address sanitizer every object has memory
  /// of its own, to be watched, and there are no slabs.
  std::size_t taken() const noexcept { return taken_; }
  std::size_t slabs() const noexcept { return slabCount_; }

 private:
  struct Link {
    Link* next = this;
    Link* previous = this;

    void insertAfter(Link& other) noexcept;
    void remove() noexcept;
  };
  struct Slab;

  Slab& addSlab();
  void removeSlab(Slab& slab) noexcept;

  const std::size_t size_;
  // A ring of all slabs: behind this those that have room, before it those that are full.
  Link slabs_;
  std::size_t slabCount_ = 0;
  std::size_t taken_ = 0;
};

/// Makes and destroys objects of one type in such memory; a friend of those that nobody else may make.
template <class T>
class SlabPool : public SlabMemory {
 public:
  SlabPool() noexcept : SlabMemory(sizeof(T)) { static_assert(alignof(T) <= 8); }

  /// What the constructor throws comes out.
  template <class... Args>
  T* make(Args&&... args) {
    void* const memory = take();
    try {
      return new (memory) T(std::forward<Args>(args)...);
    } catch (...) {
      give(memory);
      throw;
    }
  }
  void destroy(T* object) noexcept {
    object->~T();
    give(object);
  }
};

}  // namespace duplex
