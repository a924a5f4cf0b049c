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
  /// Whether the text may end here.
  bool complete() const noexcept { return pending_ == 0; }
  void reset() noexcept { *this = {}; }

 private:
  // The bytes of a code point that is not complete: how many are here, and they themselves.
  std::uint8_t pending_ = 0;
  std::byte partial_[3]{};
};

}  // namespace duplex::protocol
