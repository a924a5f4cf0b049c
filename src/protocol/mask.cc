#include "protocol/mask.h"

#include <bit>
#include <cstring>

namespace duplex::protocol {
namespace {

// 32 bytes that compilers turn into whatever registers the target has.
using Vector = std::uint64_t __attribute__((vector_size(32)));

// The key as it applies from payload byte `offset` on.
std::uint32_t rotateKey(const MaskKey& key, std::size_t offset) noexcept {
  std::uint32_t word;
  std::memcpy(&word, key.data(), sizeof word);
  const int bits = static_cast<int>(offset % key.size() * 8);
  return std::endian::native == std::endian::little ? std::rotr(word, bits) : std::rotl(word, bits);
}

template <class Word>
[[gnu::always_inline]] inline void maskWord(const std::byte* from, std::byte* to, const Word& key) noexcept {
  Word word;
  std::memcpy(&word, from, sizeof word);
  word ^= key;
  std::memcpy(to, &word, sizeof word);
}

// `from` may be `to`.
[[gnu::always_inline]] inline void maskVectors(const std::byte*& from, std::byte*& to, std::size_t& size,
                                               std::uint64_t key) noexcept {
  const Vector keys{key, key, key, key};
  for (; size >= sizeof keys; size -= sizeof keys, from += sizeof keys, to += sizeof keys)
    maskWord(from, to, keys);
}

using MaskVectors = void(const std::byte*&, std::byte*&, std::size_t&, std::uint64_t) noexcept;

void maskVectorsBaseline(const std::byte*& from, std::byte*& to, std::size_t& size,
                         std::uint64_t key) noexcept {
  maskVectors(from, to, size, key);
}

#if defined(__x86_64__)
[[gnu::target("avx2")]] void maskVectorsAvx2(const std::byte*& from, std::byte*& to, std::size_t& size,
                                             std::uint64_t key) noexcept {
  maskVectors(from, to, size, key);
}
MaskVectors& bestMaskVectors() noexcept {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2") ? maskVectorsAvx2 : maskVectorsBaseline;
}
#else
MaskVectors& bestMaskVectors() noexcept {
  return maskVectorsBaseline;
}
#endif

// From this size on it pays to align.
constexpr std::size_t alignedFrom = 256;

void maskWords(const std::byte* from, std::byte* to, std::size_t size, std::uint32_t half) noexcept {
  const std::uint64_t word = std::uint64_t{half} << 32 | half;
  for (; size >= sizeof word; size -= sizeof word, from += sizeof word, to += sizeof word)
    maskWord(from, to, word);
  if (size >= sizeof half) {
    maskWord(from, to, half);
    size -= sizeof half, from += sizeof half, to += sizeof half;
  }
  const auto* keys = reinterpret_cast<const std::byte*>(&half);
  for (std::size_t i = 0; i < size; ++i) to[i] = from[i] ^ keys[i];
}

void mask(const std::byte* from, std::byte* to, std::size_t size, const MaskKey& key,
          std::size_t offset) noexcept {
  if (size >= alignedFrom) {
    // Vectors across the lines of the cache would take twice the time.
    const std::size_t lead = -reinterpret_cast<std::uintptr_t>(to) % sizeof(Vector);
    maskWords(from, to, lead, rotateKey(key, offset));
    from += lead, to += lead, size -= lead, offset += lead;
  }
  const std::uint32_t half = rotateKey(key, offset);
  if (size >= sizeof(Vector)) {
    static MaskVectors& vectors = bestMaskVectors();
    vectors(from, to, size, std::uint64_t{half} << 32 | half);
  }
  maskWords(from, to, size, half);
}

}  // namespace

void applyMask(MutableBytes bytes, const MaskKey& key, std::size_t offset) noexcept {
  mask(bytes.data(), bytes.data(), bytes.size(), key, offset);
}

void copyMasked(Bytes from, std::byte* to, const MaskKey& key, std::size_t offset) noexcept {
  mask(from.data(), to, from.size(), key, offset);
}

}  // namespace duplex::protocol
