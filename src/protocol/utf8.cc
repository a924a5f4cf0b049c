#include "protocol/utf8.h"

#include <simdjson.h>

#include <cstring>

namespace duplex::protocol {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

template <class Word>
Word load(const std::byte* from) noexcept {
  Word word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

// In the steps in which `applyMask` has just written them, so that no load waits for two stores.
bool isAscii(Bytes bytes) noexcept {
  const std::byte* at = bytes.data();
  std::size_t left = bytes.size();
  std::uint64_t all = 0;
  for (; left >= 8; left -= 8, at += 8) all |= load<std::uint64_t>(at);
  if (left >= 4) {
    all |= load<std::uint32_t>(at);
    left -= 4, at += 4;
  }
  for (; left > 0; --left, ++at) all |= std::to_integer<std::uint64_t>(*at);
  return (all & 0x8080808080808080) == 0;
}

// The bytes at the end that begin a code point and do not end it; at most 3. Whether they can begin
// one is for the checker to say.
std::size_t incompleteTail(Bytes bytes) noexcept {
  for (std::size_t i = 1; i <= 3 && i <= bytes.size(); ++i) {
    const auto byte = std::to_integer<std::uint8_t>(bytes[bytes.size() - i]);
    if ((byte & 0xC0) == 0x80) continue;
    const std::size_t length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1;
    return length > i ? i : 0;
  }
  return 0;
}

}  // namespace

bool isValidUtf8(Bytes bytes) noexcept {
  // Most short messages are ASCII, which is seen faster than simdjson is called.
  constexpr std::size_t shortSize = 64;
  if (bytes.size() <= shortSize && isAscii(bytes)) return true;
  return simdjson::validate_utf8(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

// Table 3-7 of the Unicode Standard, in the form of the Encoding standard's decoder.
bool Utf8Checker::step(std::uint8_t byte) noexcept {
  if (needed_ > 0) {
    if (byte < lower_ || byte > upper_) {
      *this = {};
      return false;
    }
    lower_ = 0x80;
    upper_ = 0xBF;
    --needed_;
    return true;
  }
  if (byte < 0x80) return true;
  if (byte < 0xC2 || byte > 0xF4) return false;
  needed_ = byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
  if (byte == 0xE0) lower_ = 0xA0;  // shorter forms exist
  if (byte == 0xED) upper_ = 0x9F;  // surrogates
  if (byte == 0xF0) lower_ = 0x90;  // shorter forms exist
  if (byte == 0xF4) upper_ = 0x8F;  // beyond U+10FFFF
  return true;
}

bool Utf8Checker::feed(Bytes part) noexcept {
  const auto stepAll = [this](Bytes bytes) {
    for (std::byte byte : bytes) failed_ = failed_ || !step(std::to_integer<std::uint8_t>(byte));
  };
  while (!failed_ && !complete() && !part.empty()) {
    stepAll(part.first(1));
    part = part.subspan(1);
  }
  if (failed_ || part.empty()) return !failed_;
  const std::size_t tail = incompleteTail(part);
  failed_ = !isValidUtf8(part.first(part.size() - tail));
  stepAll(part.last(tail));
  return !failed_;
}

std::string repairUtf8(std::string_view text) {
  if (isValidUtf8(asBytes(text))) return std::string(text);
  std::string repaired;
  Utf8Checker checker;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool inside = !checker.complete();
    if (checker.step(static_cast<std::uint8_t>(text[i]))) {
      if (checker.complete()) {
        repaired.append(text, begin, i + 1 - begin);
        begin = i + 1;
      }
      continue;
    }
    repaired += replacement;
    // A byte that breaks a sequence may begin the next one.
    if (inside) --i;
    begin = i + 1;
  }
  if (!checker.complete()) repaired += replacement;
  return repaired;
}

}  // namespace duplex::protocol
