#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace duplex::protocol {

bool isValidUtf8(Bytes bytes) noexcept;

/// `text` with every ill-formed sequence replaced by U+FFFD, as the Encoding standard's decoder does
/// (maximal subparts).
std::string repairUtf8(std::string_view text);

/// Checks text that comes in parts; a code point may be split between them. Says no as soon as what
/// has come can be the start of no valid text (RFC 6455 §8.1).
class Utf8Checker {
 public:
  /// False from the first part on that cannot be part of valid text.
  bool feed(Bytes part) noexcept;
  /// One byte more. On false the checker is where it was before the code point that `byte` breaks.
  bool step(std::uint8_t byte) noexcept;
  /// Whether the text may end here.
  bool complete() const noexcept { return needed_ == 0; }

 private:
  // The state of the Encoding standard's decoder: how many bytes the code point needs yet, and the
  // bounds of the next one.
  std::uint8_t needed_ = 0;
  std::uint8_t lower_ = 0x80;
  std::uint8_t upper_ = 0xBF;
  bool failed_ = false;
};

}  // namespace duplex::protocol
