#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace duplex::soak {

/// What the process has at one moment.
struct Sample {
  /// Bytes that are allocated and not freed.
  std::size_t heap = 0;
  /// Bytes in memory; with what an allocator keeps.
  std::size_t resident = 0;
  std::size_t descriptors = 0;
  /// Of these.
  std::size_t sockets = 0;

  static Sample now();
  /// When the allocator has given back what it keeps.
  static Sample atRest();
  std::string inWords() const;
};

/// What may lie between two samples without anything having grown.
struct Allowance {
  std::size_t heap = 512 * 1024;
  std::size_t resident = 32 * 1024 * 1024;
};

/// Samples that begin after a warm-up, each taken when nobody was there.
class Trend {
 public:
  void add(const Sample& sample) { samples_.push_back(sample); }
  std::size_t size() const noexcept { return samples_.size(); }
  /// Too few samples tell nothing.
  bool tells() const noexcept { return samples_.size() >= 6; }
  /// What grows, in words; empty: nothing. The least of the last third of the samples against the least of
  /// the first: what is kept for the next time comes and goes.
  std::string whatGrows(const Allowance& allowance = {}) const;

 private:
  void compare(std::size_t Sample::*value, const char* name, std::size_t allowed, std::string& found) const;

  std::vector<Sample> samples_;
};

}  // namespace duplex::soak
