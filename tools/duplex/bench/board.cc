#include "bench/board.h"

#include <algorithm>
#include <bit>
#include <vector>

namespace duplex::bench {

Board::Board(std::size_t window)
    : window_(window),
      mask_(std::bit_ceil(std::max<std::size_t>(window, 1)) - 1),
      slots_(new Slot[mask_ + 1]) {}

std::uint64_t Board::join() {
  const std::lock_guard lock(mutex_);
  ++readers_;
  return published_.load();
}

std::size_t Board::readers() {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(readers_);
}

void Board::publish(std::int64_t time) {
  const std::lock_guard lock(mutex_);
  const std::uint64_t message = published_.load();
  Slot& slot = slots_[message & mask_];
  slot.time = time;
  slot.left = readers_;
  published_ = message + 1;
}

void Board::leave(std::uint64_t position) {
  std::size_t complete = 0;
  {
    const std::lock_guard lock(mutex_);
    --readers_;
    for (std::uint64_t message = std::max(position, completed_.load()); message < published_.load();
         ++message) {
      if (slots_[message & mask_].left.fetch_sub(1) == 1) ++complete;
    }
  }
  for (; complete > 0; --complete) this->complete();
}

}  // namespace duplex::bench
