#include "protocol/mask.h"

#include <doctest/doctest.h>

#include <random>
#include <vector>

using namespace duplex::protocol;

namespace {

// RFC 6455 §5.3, word for word.
std::vector<std::byte> masked(std::vector<std::byte> bytes, const MaskKey& key, std::size_t offset) {
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] ^= key[(offset + i) % 4];
  return bytes;
}

const MaskKey key{std::byte{0x37}, std::byte{0xfa}, std::byte{0x21}, std::byte{0x3d}};

}  // namespace

TEST_CASE("the masked Hello of RFC 6455 section 5.7") {
  std::vector<std::byte> bytes;
  for (int value : {0x7f, 0x9f, 0x4d, 0x51, 0x58}) bytes.push_back(static_cast<std::byte>(value));
  applyMask(bytes, key);
  CHECK(duplex::asText(bytes) == "Hello");
}

TEST_CASE("every length, offset and alignment gives what one byte at a time gives") {
  std::mt19937 random(3);
  std::vector<std::byte> source(400);
  for (std::byte& byte : source) byte = static_cast<std::byte>(random());
  const auto first = [](auto& from, std::size_t begin) {
    return from.begin() + static_cast<std::ptrdiff_t>(begin);
  };
  for (std::size_t length = 0; length <= 300; ++length) {
    for (std::size_t offset = 0; offset < 4; ++offset) {
      for (std::size_t alignment = 0; alignment < 32; ++alignment) {
        const std::vector<std::byte> plain(first(source, alignment), first(source, alignment + length));
        std::vector<std::byte> expected = source;
        const std::vector<std::byte> part = masked(plain, key, offset);
        std::copy(part.begin(), part.end(), first(expected, alignment));

        std::vector<std::byte> inPlace = source;
        applyMask(duplex::MutableBytes(inPlace).subspan(alignment, length), key, offset);
        REQUIRE(inPlace == expected);

        std::vector<std::byte> copied = source;
        copyMasked(plain, copied.data() + alignment, key, offset);
        REQUIRE(copied == expected);
      }
    }
  }
}

TEST_CASE("parts of a frame masked one after the other are the frame masked at once") {
  std::vector<std::byte> whole(1000, std::byte{0x5A});
  std::vector<std::byte> parts = whole;
  applyMask(whole, key);
  std::mt19937 random(4);
  for (std::size_t at = 0; at < parts.size();) {
    const std::size_t size = std::min<std::size_t>(random() % 70, parts.size() - at);
    applyMask(duplex::MutableBytes(parts).subspan(at, size), key, at);
    at += size;
  }
  CHECK(parts == whole);
}

TEST_CASE("offsets beyond 32 bits") {
  std::vector<std::byte> bytes(8, std::byte{0});
  applyMask(bytes, key, (std::size_t{1} << 40) + 3);
  CHECK(bytes == masked(std::vector<std::byte>(8), key, 3));
}
