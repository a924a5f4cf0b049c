#include <duplex/message.h>

#include <cstring>

#include <duplex/frame_memory.h>

#include "base/large_blocks.h"

namespace duplex {

namespace {

// What is larger comes from where large things do. In front of it stands the size of its block.
constexpr std::size_t mostFrame = 2048;
constexpr std::size_t headSize = 16;

std::byte* takeLarge(std::size_t size) {
  const LargeBlock block = allocateBlock(headSize + size);
  std::memcpy(block.memory, &block.size, sizeof block.size);
  return static_cast<std::byte*>(block.memory) + headSize;
}

void giveLarge(std::byte* bytes) noexcept {
  LargeBlock block{bytes - headSize, 0};
  std::memcpy(&block.size, block.memory, sizeof block.size);
  freeBlock(block);
}

std::span<const std::byte> copyOf(std::span<const std::byte> bytes) {
  if (bytes.empty()) return {};
  const std::size_t size = bytes.size();
  std::byte* const copy =
      size <= mostFrame ? static_cast<std::byte*>(detail::takeFrame(size)) : takeLarge(size);
  std::memcpy(copy, bytes.data(), size);
  return {copy, size};
}

}  // namespace

OwnedMessage::OwnedMessage(const Message& message) : Message(message.type(), copyOf(message.bytes())) {}

OwnedMessage::~OwnedMessage() {
  if (size() == 0) return;
  auto* const copy = const_cast<std::byte*>(bytes().data());
  if (size() <= mostFrame) {
    detail::giveFrame(copy, size());
  } else {
    giveLarge(copy);
  }
}

}  // namespace duplex
