#include "protocol/frame.h"

#include <doctest/doctest.h>

#include <initializer_list>
#include <vector>

using namespace duplex::protocol;
using duplex::Errc;

namespace {

std::vector<std::byte> bytes(std::initializer_list<int> values) {
  std::vector<std::byte> result;
  for (int value : values) result.push_back(static_cast<std::byte>(value));
  return result;
}

std::vector<std::byte> encode(const FrameHeader& header) {
  std::vector<std::byte> out(headerSize(header.length, header.masked));
  CHECK(encodeHeader(header, out.data()) == out.size());
  return out;
}

const MaskKey key{std::byte{0x37}, std::byte{0xfa}, std::byte{0x21}, std::byte{0x3d}};

}  // namespace

TEST_CASE("headers as RFC 6455 section 5.7 shows them") {
  CHECK(encode({.opcode = Opcode::Text, .length = 5}) == bytes({0x81, 0x05}));
  CHECK(encode({.opcode = Opcode::Text, .masked = true, .mask = key, .length = 5}) ==
        bytes({0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d}));
  CHECK(encode({.fin = false, .opcode = Opcode::Text, .length = 3}) == bytes({0x01, 0x03}));
  CHECK(encode({.opcode = Opcode::Continuation, .length = 2}) == bytes({0x80, 0x02}));
  CHECK(encode({.opcode = Opcode::Ping, .length = 5}) == bytes({0x89, 0x05}));
  CHECK(encode({.opcode = Opcode::Binary, .length = 256}) == bytes({0x82, 0x7E, 0x01, 0x00}));
  CHECK(encode({.opcode = Opcode::Binary, .length = 65536}) ==
        bytes({0x82, 0x7F, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00}));
}

TEST_CASE("every header comes back as it went, from no fewer bytes than it has") {
  const std::uint64_t lengths[] = {0,          1,
                                   125,        126,
                                   127,        255,
                                   256,        65535,
                                   65536,      65537,
                                   1 << 24,    (1ULL << 32) - 1,
                                   1ULL << 32, (1ULL << 63) - 1};
  for (std::uint64_t length : lengths) {
    for (bool masked : {false, true}) {
      for (int first = 0; first < 256; ++first) {
        const FrameHeader header{.fin = (first & 0x80) != 0,
                                 .rsv = static_cast<std::uint8_t>(first >> 4 & 7),
                                 .opcode = static_cast<Opcode>(first & 15),
                                 .masked = masked,
                                 .mask = masked ? key : MaskKey{},
                                 .length = length};
        std::vector<std::byte> wire = encode(header);
        REQUIRE(wire[0] == static_cast<std::byte>(first));
        for (std::size_t size = 0; size < wire.size(); ++size) {
          const DecodedHeader part = decodeHeader(duplex::Bytes(wire).first(size));
          REQUIRE(part.size == 0);
          REQUIRE(part.error == Errc{});
        }
        const std::size_t size = wire.size();
        wire.resize(size + 3, std::byte{0xEE});
        const DecodedHeader decoded = decodeHeader(wire);
        REQUIRE(decoded.error == Errc{});
        REQUIRE(decoded.size == size);
        REQUIRE(decoded.header.fin == header.fin);
        REQUIRE(decoded.header.rsv == header.rsv);
        REQUIRE(decoded.header.opcode == header.opcode);
        REQUIRE(decoded.header.masked == masked);
        REQUIRE(decoded.header.mask == header.mask);
        REQUIRE(decoded.header.length == length);
      }
    }
  }
}

TEST_CASE("lengths in more bytes than they need, and those that are too large") {
  CHECK(decodeHeader(bytes({0x82, 126, 0, 0})).error == Errc::LengthNotMinimal);
  CHECK(decodeHeader(bytes({0x82, 126, 0, 125})).error == Errc::LengthNotMinimal);
  CHECK(decodeHeader(bytes({0x82, 126, 0, 126})).error == Errc{});
  CHECK(decodeHeader(bytes({0x82, 127, 0, 0, 0, 0, 0, 0, 0, 0})).error == Errc::LengthNotMinimal);
  CHECK(decodeHeader(bytes({0x82, 127, 0, 0, 0, 0, 0, 0, 255, 255})).error == Errc::LengthNotMinimal);
  CHECK(decodeHeader(bytes({0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0})).error == Errc{});
  CHECK(decodeHeader(bytes({0x82, 127, 128, 0, 0, 0, 0, 0, 0, 0})).error == Errc::LengthTooLarge);
  CHECK(decodeHeader(bytes({0x82, 127, 255, 255, 255, 255, 255, 255, 255, 255})).error ==
        Errc::LengthTooLarge);
  CHECK(decodeHeader(bytes({0x82, 127, 127, 255, 255, 255, 255, 255, 255, 255})).error == Errc{});
}
