#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace duplex::test {

/// RFC 1951 as it stands, slow and without the libraries under test; remembers how far back a stream refers.
/// One goes on from message to message, as with context takeover. Throws std::runtime_error.
class ReferenceInflate {
 public:
  /// What a message of permessage-deflate becomes: `payload` without the last four bytes.
  std::string message(std::string_view payload) {
    input_ = std::string(payload) + std::string("\0\0\xff\xff", 4);
    bit_ = 0;
    const std::size_t start = output_.size();
    while (bit_ < 8 * input_.size()) block();
    return output_.substr(start);
  }

  std::size_t farthest = 0;

 private:
  using Code = std::vector<std::pair<unsigned, unsigned>>;  // length and bits of each symbol

  unsigned bits(unsigned count) {
    unsigned value = 0;
    for (unsigned i = 0; i < count; ++i, ++bit_) {
      if (bit_ >= 8 * input_.size()) throw std::runtime_error("the stream ends too soon");
      value |= (static_cast<unsigned char>(input_[bit_ / 8]) >> (bit_ % 8) & 1u) << i;
    }
    return value;
  }

  // RFC 1951 §3.2.2.
  static Code codeOf(const std::vector<unsigned>& lengths) {
    Code code;
    unsigned next = 0;
    std::array<unsigned, 17> first{};
    for (unsigned length = 1; length <= 15; ++length) {
      first[length] = next;
      next += static_cast<unsigned>(std::count(lengths.begin(), lengths.end(), length));
      next <<= 1;
    }
    for (const unsigned length : lengths) code.emplace_back(length, length == 0 ? 0 : first[length]++);
    return code;
  }

  unsigned symbol(const Code& code) {
    unsigned value = 0;
    for (unsigned length = 1; length <= 15; ++length) {
      value = value << 1 | bits(1);
      const auto found = std::find(code.begin(), code.end(), std::pair(length, value));
      if (found != code.end()) return static_cast<unsigned>(found - code.begin());
    }
    throw std::runtime_error("no such symbol");
  }

  void block() {
    bits(1);
    switch (bits(2)) {
      case 0:
        return stored();
      case 1:
        return coded(fixedLengths(), std::vector<unsigned>(30, 5));
      case 2:
        return dynamic();
      default:
        throw std::runtime_error("no such block");
    }
  }

  void stored() {
    bit_ = (bit_ + 7) / 8 * 8;
    const unsigned length = bits(16);
    if (bits(16) != (length ^ 0xFFFF)) throw std::runtime_error("a length without its complement");
    for (unsigned i = 0; i < length; ++i) output_ += static_cast<char>(bits(8));
  }

  static std::vector<unsigned> fixedLengths() {
    std::vector<unsigned> lengths(288, 8);
    std::fill(lengths.begin() + 144, lengths.begin() + 256, 9);
    std::fill(lengths.begin() + 256, lengths.begin() + 280, 7);
    return lengths;
  }

  // RFC 1951 §3.2.7.
  void dynamic() {
    const unsigned literals = bits(5) + 257;
    const unsigned distances = bits(5) + 1;
    const unsigned count = bits(4) + 4;
    constexpr std::array<unsigned, 19> order{16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                             11, 4,  12, 3, 13, 2, 14, 1, 15};
    std::vector<unsigned> lengths(19);
    for (unsigned i = 0; i < count; ++i) lengths[order[i]] = bits(3);
    const Code code = codeOf(lengths);
    std::vector<unsigned> all;
    while (all.size() < literals + distances) {
      const unsigned next = symbol(code);
      if (next < 16) {
        all.push_back(next);
      } else if (next == 16) {
        if (all.empty()) throw std::runtime_error("nothing to repeat");
        const unsigned last = all.back();
        all.insert(all.end(), 3 + bits(2), last);
      } else {
        all.insert(all.end(), next == 17 ? 3 + bits(3) : 11 + bits(7), 0);
      }
    }
    const auto middle = all.begin() + literals;
    coded({all.begin(), middle}, {middle, all.end()});
  }

  // RFC 1951 §3.2.5.
  void coded(const std::vector<unsigned>& literalLengths, const std::vector<unsigned>& distanceLengths) {
    const Code literals = codeOf(literalLengths);
    const Code distances = codeOf(distanceLengths);
    for (;;) {
      const unsigned next = symbol(literals);
      if (next == 256) return;
      if (next < 256) {
        output_ += static_cast<char>(next);
        continue;
      }
      const unsigned length = lengthOf(next - 257);
      const unsigned distance = distanceOf(symbol(distances));
      if (distance > output_.size()) throw std::runtime_error("a distance beyond the start");
      farthest = std::max<std::size_t>(farthest, distance);
      for (unsigned i = 0; i < length; ++i) output_ += output_[output_.size() - distance];
    }
  }

  unsigned lengthOf(unsigned code) {
    if (code == 28) return 258;
    if (code < 8) return 3 + code;
    const unsigned extra = code / 4 - 1;
    return 3 + ((4 + code % 4) << extra) + bits(extra);
  }

  unsigned distanceOf(unsigned code) {
    if (code < 4) return 1 + code;
    const unsigned extra = code / 2 - 1;
    return 1 + ((2 + code % 2) << extra) + bits(extra);
  }

  std::string input_;
  std::size_t bit_ = 0;
  std::string output_;
};

}  // namespace duplex::test
