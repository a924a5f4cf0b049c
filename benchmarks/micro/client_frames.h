#pragma once

#include <cstddef>
#include <vector>

#include "protocol/frame.h"
#include "protocol/mask.h"

namespace micro {

/// `count` masked frames of `size` bytes each, one behind the other, as a client sends them. Unmasking them
/// in place leaves the headers as they are, so they may be read again and again.
inline std::vector<std::byte> clientFrames(duplex::protocol::Opcode opcode, std::size_t size,
                                           std::size_t count, duplex::protocol::MaskKey key) {
  using namespace duplex::protocol;
  std::vector<std::byte> bytes;
  for (std::size_t i = 0; i < count; ++i) {
    std::byte header[maxHeaderSize];
    const std::size_t headerBytes =
        encodeHeader({.opcode = opcode, .masked = true, .mask = key, .length = size}, header);
    bytes.insert(bytes.end(), header, header + headerBytes);
    bytes.insert(bytes.end(), size, std::byte{'x'});
    applyMask({bytes.data() + bytes.size() - size, size}, key);
  }
  return bytes;
}

constexpr duplex::protocol::MaskKey someKey{std::byte{0x37}, std::byte{0xFA}, std::byte{0x21},
                                            std::byte{0x3D}};
/// Leaves text as it is when it is applied again and again.
constexpr duplex::protocol::MaskKey zeroKey{};

}  // namespace micro
