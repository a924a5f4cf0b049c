#include "bench/histogram.h"

#include <algorithm>
#include <cmath>

namespace duplex::bench {

Histogram::Histogram() : counts_(buckets) {}

std::uint64_t Histogram::upperEnd(std::size_t bucket) noexcept {
  if (bucket < 2 * half) return bucket;
  const std::size_t shift = bucket / half - 1;
  return ((half + bucket % half + 1) << shift) - 1;
}

void Histogram::add(const Histogram& other) noexcept {
  for (std::size_t i = 0; i < buckets; ++i) counts_[i] += other.counts_[i];
  count_ += other.count_;
  sum_ += other.sum_;
  max_ = std::max(max_, other.max_);
}

void Histogram::subtract(const Histogram& earlier) noexcept {
  std::size_t last = 0;
  for (std::size_t i = 0; i < buckets; ++i) {
    counts_[i] -= earlier.counts_[i];
    if (counts_[i] != 0) last = i;
  }
  count_ -= earlier.count_;
  sum_ -= earlier.sum_;
  max_ = count_ == 0 ? 0 : std::min(max_, upperEnd(last));
}

void Histogram::clear() noexcept {
  std::fill(counts_.begin(), counts_.end(), 0);
  count_ = sum_ = max_ = 0;
}

double Histogram::mean() const noexcept {
  return count_ == 0 ? 0 : static_cast<double>(sum_) / static_cast<double>(count_);
}

std::uint64_t Histogram::percentile(double percent) const noexcept {
  if (count_ == 0) return 0;
  const double share = std::clamp(percent, 0.0, 100.0) / 100 * static_cast<double>(count_);
  // A hair below, lest 99.9 % of 1000 be 1000 for want of a bit.
  const auto wanted = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::ceil(share - 1e-6)));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < buckets; ++i) {
    seen += counts_[i];
    if (seen >= wanted) return std::min(upperEnd(i), max_);
  }
  return max_;
}

}  // namespace duplex::bench
