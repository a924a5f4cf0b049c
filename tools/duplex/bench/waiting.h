#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace duplex::bench {

/// The times at which the messages were sent that a connection waits for, oldest first; those of the
/// same time are one entry.
class Waiting {
 public:
  void push(std::int64_t time, std::size_t count) {
    total_ += count;
    if (used_ != 0 && at(used_ - 1).time == time) {
      at(used_ - 1).count += count;
      return;
    }
    if (used_ == runs_.size()) grow();
    at(used_++) = {time, count};
  }

  /// Takes the oldest `count`, or all; calls `taken(time, number)` for each time.
  template <class Taken>
  void pop(std::size_t count, Taken&& taken) {
    count = std::min(count, total_);
    total_ -= count;
    while (count > 0) {
      Run& run = at(0);
      const std::size_t part = std::min(count, run.count);
      taken(run.time, part);
      count -= part;
      run.count -= part;
      if (run.count > 0) return;
      first_ = (first_ + 1) & (runs_.size() - 1);
      --used_;
    }
  }

  std::size_t size() const noexcept { return total_; }
  void clear() noexcept { first_ = used_ = total_ = 0; }

 private:
  struct Run {
    std::int64_t time;
    std::size_t count;
  };

  Run& at(std::size_t index) noexcept { return runs_[(first_ + index) & (runs_.size() - 1)]; }

  void grow() {
    std::vector<Run> larger(std::max<std::size_t>(4, 2 * runs_.size()));
    for (std::size_t i = 0; i < used_; ++i) larger[i] = at(i);
    runs_.swap(larger);
    first_ = 0;
  }

  // A circle; its size is a power of two.
  std::vector<Run> runs_;
  std::size_t first_ = 0;
  std::size_t used_ = 0;
  std::size_t total_ = 0;
};

}  // namespace duplex::bench
