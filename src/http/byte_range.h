#pragma once

#include <cstdint>
#include <string_view>

namespace duplex::http {

/// What the header Range asks of a body (RFC 9110 §14.1.2).
struct ByteRange {
  enum class Kind {
    Whole,          ///< nothing, or something to be ignored: another unit, several ranges, nonsense
    Part,           ///< `length` bytes from `offset`
    Unsatisfiable,  ///< none that the body has
  };
  Kind kind = Kind::Whole;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

/// Reads the value of Range for a body of `size` bytes.
ByteRange parseRange(std::string_view value, std::uint64_t size) noexcept;

}  // namespace duplex::http
