#include "floor/frames.h"

#include <endian.h>

#include <cstring>

namespace floorServer {
namespace {

constexpr std::size_t keySize = 4;
constexpr std::size_t maxFrame = 64 * 1024 * 1024;

using Vector [[gnu::vector_size(32)]] = std::uint32_t;

std::size_t sizeOfHeader(std::size_t shortLength) noexcept {
  return shortLength < 126 ? 2 : shortLength == 126 ? 4 : 10;
}

std::size_t lengthIn(const std::byte* header, std::size_t shortLength) noexcept {
  if (shortLength < 126) return shortLength;
  if (shortLength == 126) {
    std::uint16_t length;
    std::memcpy(&length, header + 2, sizeof length);
    return be16toh(length);
  }
  std::uint64_t length;
  std::memcpy(&length, header + 2, sizeof length);
  return be64toh(length);
}

template <class Word>
void unmaskWord(std::byte* to, const std::byte* from, const Word& key) noexcept {
  Word word;
  std::memcpy(&word, from, sizeof word);
  word ^= key;
  std::memcpy(to, &word, sizeof word);
}

}  // namespace

void unmask(std::byte* to, const std::byte* from, std::size_t size, std::uint32_t key) noexcept {
  std::size_t at = 0;
  const Vector wideKey = Vector{} + key;
  for (; at + sizeof wideKey <= size; at += sizeof wideKey) unmaskWord(to + at, from + at, wideKey);
  for (; at + sizeof key <= size; at += sizeof key) unmaskWord(to + at, from + at, key);
  for (std::size_t i = 0; at + i < size; ++i)
    to[at + i] = from[at + i] ^ static_cast<std::byte>(key >> 8 * i);
}

FrameRewriter::FrameRewriter(std::span<std::byte> input, std::byte* output) noexcept
    : in_(input.data()),
      end_(in_ + input.size()),
      begin_(output == nullptr ? in_ + keySize : output),
      kept_(begin_),
      frameEnd_(begin_) {}

FrameRewriter::Found FrameRewriter::next() noexcept {
  const auto available = static_cast<std::size_t>(end_ - in_);
  frameSize_ = 0;
  if (available < 2) return Found::Partial;
  const auto first = static_cast<std::uint8_t>(in_[0]);
  const auto second = static_cast<std::uint8_t>(in_[1]);
  const std::uint8_t opcode = first & 0x0F;
  const std::size_t header = sizeOfHeader(second & 0x7F);
  if ((first & 0x70) != 0 || (second & 0x80) == 0 || (opcode & 7) > 2) return Found::Violation;
  if (available < header + keySize) return Found::Partial;
  const std::size_t length = lengthIn(in_, second & 0x7F);
  if (length > maxFrame) return Found::Violation;
  frameSize_ = header + keySize + length;
  if (available < frameSize_) return Found::Partial;

  std::uint32_t key;
  std::memcpy(&key, in_ + header, sizeof key);
  key = le32toh(key);
  std::memmove(kept_, in_, header);
  kept_[0] = static_cast<std::byte>(opcode == 9 ? first ^ 9 ^ 10 : first);
  kept_[1] = static_cast<std::byte>(second & 0x7F);
  unmask(kept_ + header, in_ + header + keySize, length, key);
  frameEnd_ = kept_ + header + length;
  in_ += frameSize_;
  return opcode == 8 ? Found::Close : opcode == 9 ? Found::Ping : opcode == 10 ? Found::Pong : Found::Message;
}

}  // namespace floorServer
