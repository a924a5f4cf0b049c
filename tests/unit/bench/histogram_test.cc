#include "bench/histogram.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

using duplex::bench::Histogram;

namespace {

/// As the definition has it: the smallest value that `percent` of all do not exceed.
std::uint64_t exact(std::vector<std::uint64_t> values, double percent) {
  std::sort(values.begin(), values.end());
  const double share = percent / 100 * static_cast<double>(values.size());
  const auto rank = static_cast<std::size_t>(std::ceil(share - 1e-6));
  return values[std::max<std::size_t>(rank, 1) - 1];
}

}  // namespace

TEST_CASE("an empty histogram says 0") {
  const Histogram histogram;
  CHECK(histogram.count() == 0);
  CHECK(histogram.max() == 0);
  CHECK(histogram.mean() == 0);
  CHECK(histogram.percentile(50) == 0);
}

TEST_CASE("one value is every percentile") {
  for (const std::uint64_t value : {0ull, 1ull, 255ull, 256ull, 257ull, 12'345ull, 999'999'999ull}) {
    CAPTURE(value);
    Histogram histogram;
    histogram.record(value);
    CHECK(histogram.percentile(0) == value);
    CHECK(histogram.percentile(50) == value);
    CHECK(histogram.percentile(100) == value);
    CHECK(histogram.max() == value);
    CHECK(histogram.mean() == doctest::Approx(static_cast<double>(value)));
  }
}

TEST_CASE("small values are exact") {
  Histogram histogram;
  for (std::uint64_t value = 1; value <= 200; ++value) histogram.record(value);
  CHECK(histogram.percentile(50) == 100);
  CHECK(histogram.percentile(99) == 198);
  CHECK(histogram.percentile(99.5) == 199);
  CHECK(histogram.percentile(99.9) == 200);
  CHECK(histogram.mean() == doctest::Approx(100.5));
}

TEST_CASE("percentiles are right to within 0.8 %, over all sizes") {
  std::mt19937_64 random(7);
  std::uniform_real_distribution<double> exponent(0, 39);
  Histogram histogram;
  std::vector<std::uint64_t> values;
  for (int i = 0; i < 100'000; ++i) {
    values.push_back(static_cast<std::uint64_t>(std::exp2(exponent(random))));
    histogram.record(values.back());
  }
  for (const double percent : {1.0, 10.0, 50.0, 90.0, 99.0, 99.9, 99.99, 100.0}) {
    CAPTURE(percent);
    const auto expected = static_cast<double>(exact(values, percent));
    const auto found = static_cast<double>(histogram.percentile(percent));
    CHECK(found >= expected);
    CHECK(found <= expected * 1.008);
  }
}

TEST_CASE("a value counts as often as it is said to") {
  Histogram histogram;
  histogram.record(10, 99);
  histogram.record(1000, 1);
  CHECK(histogram.count() == 100);
  CHECK(histogram.percentile(99) == 10);
  CHECK(histogram.percentile(99.1) == 1000);
  CHECK(histogram.mean() == doctest::Approx(19.9));
}

TEST_CASE("what is too large counts as the largest") {
  Histogram histogram;
  histogram.record(~std::uint64_t{0});
  CHECK(histogram.max() == (std::uint64_t{1} << 40) - 1);
  CHECK(histogram.percentile(50) == histogram.max());
}

TEST_CASE("histograms add up, and a former state can be taken away") {
  Histogram first;
  Histogram second;
  first.record(5, 10);
  second.record(100'000, 10);
  Histogram both = first;
  both.add(second);
  CHECK(both.count() == 20);
  CHECK(both.percentile(50) == 5);
  CHECK(both.max() == 100'000);
  CHECK(both.mean() == doctest::Approx(50'002.5));

  both.subtract(first);
  CHECK(both.count() == 10);
  CHECK(both.percentile(1) == 100'000);
  CHECK(both.mean() == doctest::Approx(100'000));
  both.subtract(second);
  CHECK(both.count() == 0);
  CHECK(both.max() == 0);

  second.clear();
  CHECK(second.count() == 0);
  CHECK(second.percentile(50) == 0);
}
