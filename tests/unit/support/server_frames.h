#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace duplex::test {

struct ServerFrame {
  /// FIN and opcode: 0x81 is text, 0x88 Close.
  unsigned char first;
  std::string payload;
};

/// The whole frames in what a server has sent, behind its 101.
inline std::vector<ServerFrame> framesIn(std::string_view received) {
  std::vector<ServerFrame> frames;
  const std::size_t head = received.find("\r\n\r\n");
  if (head == std::string_view::npos) return frames;
  std::string_view rest = received.substr(head + 4);
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(rest[at]); };
  while (rest.size() >= 2) {
    std::size_t length = byte(1);
    std::size_t header = 2;
    if (length >= 126) {
      const std::size_t bytes = length == 126 ? 2 : 8;
      if (rest.size() < 2 + bytes) break;
      length = 0;
      for (std::size_t i = 0; i < bytes; ++i) length = length << 8 | byte(2 + i);
      header += bytes;
    }
    if (rest.size() - header < length) break;
    frames.push_back({byte(0), std::string(rest.substr(header, length))});
    rest.remove_prefix(header + length);
  }
  return frames;
}

}  // namespace duplex::test
