// Frames as they are to be sent, right and wrong.
#include "check/frame.h"

#include <doctest/doctest.h>

#include <string>

using namespace duplex;
using namespace duplex::check;
using namespace std::string_literals;

TEST_CASE("a frame for a client has no mask, one for a server has") {
  CHECK(encode(text("Hello"), false) == "\x81\x05Hello");
  const duplex::protocol::MaskKey key{std::byte{0x37}, std::byte{0xFA}, std::byte{0x21}, std::byte{0x3D}};
  // RFC 6455 §5.7.
  CHECK(encode(text("Hello").maskedBy(key), true) == "\x81\x85\x37\xFA\x21\x3D\x7F\x9F\x4D\x51\x58"s);
  CHECK(encode(text("Hello").wronglyMasked(), true) == "\x81\x05Hello");
  CHECK(encode(text("Hello"), true).size() == 11);
}

TEST_CASE("lengths are as short as they can be, unless asked otherwise") {
  CHECK(encode(binary(Payload::repeated("x", 125)), false).substr(0, 2) == "\x82\x7D");
  CHECK(encode(binary(Payload::repeated("x", 126)), false).substr(0, 4) == "\x82\x7E\x00\x7E"s);
  CHECK(encode(binary(Payload::repeated("x", 65'536)), false).substr(0, 10) ==
        "\x82\x7F\x00\x00\x00\x00\x00\x01\x00\x00"s);
  CHECK(encode(text("a").lengthIn(2), false) == "\x81\x7E\x00\x01\x61"s);
  CHECK(encode(text("a").lengthIn(8), false) == "\x81\x7F\x00\x00\x00\x00\x00\x00\x00\x01\x61"s);
  CHECK(encode(text("a").announcing(9), false) == "\x81\x09\x61");
}

TEST_CASE("bits and opcodes go out as they are given") {
  CHECK(encode(text("a").open(), false) == "\x01\x01\x61");
  CHECK(encode(text("a").reserved(0b101), false) == "\xD1\x01\x61");
  CHECK(encode(frame(15, "a"), false) == "\x8F\x01\x61");
  CHECK(encode(check::close(1000, "bye"), false) ==
        "\x88\x05\x03\xE8"
        "bye");
  CHECK(encode(check::close(), false) == "\x88\x00"s);
}

TEST_CASE("frames in words") {
  CHECK(describe(text("Hello")) == "text \"Hello\"");
  CHECK(describe(check::close(1000, "bye")) == "close 1000 \"bye\"");
  CHECK(describe(ping("\xFF").open().reserved(0b100)) == "ping ff, FIN 0, RSV 100");
  CHECK(describe(frame(3)) == "opcode 3 of 0 bytes");
}
