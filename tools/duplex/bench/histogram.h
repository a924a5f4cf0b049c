#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace duplex::bench {

/// How often each value occurred, to within 0.8 %: buckets as wide as 1/128 of what is in them, so that a
/// value is counted with a few instructions and any percentile can be asked for afterwards.
///
/// Values up to 2^40 - 1 (as nanoseconds: 18 minutes); larger ones count as that.
class Histogram {
 public:
  Histogram();

  void record(std::uint64_t value, std::uint64_t count = 1) noexcept;
  void add(const Histogram& other) noexcept;
  /// Takes away what was counted in `earlier`, a former state of this. The largest value is then known no
  /// better than its bucket.
  void subtract(const Histogram& earlier) noexcept;
  void clear() noexcept;

  std::uint64_t count() const noexcept { return count_; }
  /// 0 if nothing was counted; so for the others.
  std::uint64_t max() const noexcept { return max_; }
  double mean() const noexcept;
  /// A value, right to within a bucket, that `percent` of all do not exceed; never above `max`.
  std::uint64_t percentile(double percent) const noexcept;

 private:
  // Values below 2^subBits have a bucket each; above, each power of two is cut into 2^(subBits - 1).
  static constexpr unsigned subBits = 8;
  static constexpr unsigned valueBits = 40;
  static constexpr std::uint64_t largest = (std::uint64_t{1} << valueBits) - 1;
  static constexpr std::size_t half = std::size_t{1} << (subBits - 1);
  static constexpr std::size_t buckets = (valueBits - subBits + 2) * half;

  static std::size_t bucketOf(std::uint64_t value) noexcept {
    const unsigned width = static_cast<unsigned>(std::bit_width(value));
    const unsigned shift = width > subBits ? width - subBits : 0;
    return shift * half + static_cast<std::size_t>(value >> shift);
  }
  /// The largest value that belongs to it.
  static std::uint64_t upperEnd(std::size_t bucket) noexcept;

  std::vector<std::uint64_t> counts_;
  std::uint64_t count_ = 0;
  std::uint64_t sum_ = 0;
  std::uint64_t max_ = 0;
};

inline void Histogram::record(std::uint64_t value, std::uint64_t count) noexcept {
  if (value > largest) value = largest;
  counts_[bucketOf(value)] += count;
  count_ += count;
  sum_ += value * count;
  if (value > max_) max_ = value;
}

}  // namespace duplex::bench
