#include "protocol/inflater.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "protocol/deflate_streams.h"

using namespace duplex::protocol;
using duplex::asBytes;
using duplex::asText;
using duplex::Errc;
using duplex::test::jsonText;
using duplex::test::noise;
using duplex::test::ZlibDeflate;

namespace {

constexpr std::size_t plenty = 64 * 1024 * 1024;
constexpr Inflater::Engine engines[] = {Inflater::Engine::Zlib, Inflater::Engine::Isal};

std::string bytesOf(std::initializer_list<int> values) {
  std::string bytes;
  for (const int value : values) bytes += static_cast<char>(value);
  return bytes;
}

/// The message, or the error's text.
std::string inflated(Inflater& inflater, std::string_view payload, Inflater::Engine engine,
                     InflateWindow* window = nullptr, std::size_t limit = plenty) {
  const auto [error, message] = inflater.inflate(asBytes(payload), limit, window, engine);
  return error == Errc{} ? std::string(asText(message)) : make_error_code(error).message();
}

Errc errorOf(std::string_view payload, Inflater::Engine engine, std::size_t limit = plenty) {
  Inflater inflater;
  return inflater.inflate(asBytes(payload), limit, nullptr, engine).error;
}

/// `text` in stored blocks of at most `size` bytes.
std::string stored(std::string_view text, std::size_t size, bool final = false) {
  std::string blocks;
  do {
    const std::string_view part = text.substr(0, size);
    text.remove_prefix(part.size());
    const auto length = static_cast<int>(part.size());
    blocks +=
        bytesOf({final && text.empty(), length & 0xFF, length >> 8, ~length & 0xFF, ~length >> 8 & 0xFF});
    blocks += part;
  } while (!text.empty());
  return blocks;
}

}  // namespace

TEST_CASE("inflating: the examples of RFC 7692 §7.2.3") {
  for (const Inflater::Engine engine : engines) {
    Inflater inflater;
    const auto check = [&](std::initializer_list<int> payload, InflateWindow* window = nullptr) {
      CHECK(inflated(inflater, bytesOf(payload), engine, window) == "Hello");
    };
    // One block; two fragments of one together; no compression; BFINAL and an empty block behind it; two
    // blocks.
    check({0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00});
    check({0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00});
    check({0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00});
    check({0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00});
    InflateWindow window(15);
    check({0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00}, &window);
    check({0xf2, 0x00, 0x11, 0x00, 0x00}, &window);
    CHECK(inflated(inflater, bytesOf({0x00}), engine).empty());
  }
}

TEST_CASE("inflating what zlib made, by every window, level and strategy, with takeover and without") {
  const std::vector<std::string> messages{jsonText(1),       jsonText(200, 2), noise(100),
                                          jsonText(1000, 3), jsonText(40'000), std::string(300'000, 'z'),
                                          noise(70'000),     jsonText(90, 4),  jsonText(500'000, 5)};
  for (const Inflater::Engine engine : engines) {
    Inflater inflater;
    for (const int bits : {9, 10, 12, 15}) {
      for (const auto& [level, strategy] : {std::pair(1, Z_DEFAULT_STRATEGY),
                                            {6, Z_DEFAULT_STRATEGY},
                                            {9, Z_FIXED},
                                            {0, Z_DEFAULT_STRATEGY},
                                            {6, Z_HUFFMAN_ONLY}}) {
        ZlibDeflate deflate(bits, level, strategy);
        InflateWindow window(bits);
        for (const std::string& message : messages) {
          CHECK(inflated(inflater, deflate.message(message), engine, &window) == message);
        }
        for (const std::string& message : messages) {
          deflate.reset();
          CHECK(inflated(inflater, deflate.message(message), engine) == message);
        }
      }
    }
  }
}

TEST_CASE("a window holds what was inflated by either engine") {
  Inflater inflater;
  ZlibDeflate deflate;
  InflateWindow window(15);
  for (unsigned i = 0; i < 200; ++i) {
    const std::string message = jsonText(1 + i * i % 5000, i % 7);
    CHECK(inflated(inflater, deflate.message(message), engines[i % 2], &window) == message);
  }
  CHECK(window.memory() <= 3 * 32 * 1024 / 2);
}

TEST_CASE("a window takes no more than has come, and keeps the last of it") {
  for (const int bits : {8, 11, 15}) {
    const std::size_t size = std::size_t{1} << bits;
    InflateWindow window(bits);
    CHECK(window.memory() == 0);
    std::string all;
    for (unsigned i = 0; i < 100; ++i) {
      const std::string part = noise(i * i % 700 + (i == 50 ? 100'000 : 0), i);
      window.append(asBytes(part));
      all += part;
      const std::string last = all.substr(all.size() - std::min(all.size(), size));
      CHECK(asText(window.bytes()) == last);
      CHECK(window.memory() <= std::min(size + size / 2, 2 * all.size()));
      if (i % 10 == 0) window.trim();
      CHECK(asText(window.bytes()) == last);
    }
    CHECK(window.memory() <= size + size / 2);
  }
}

TEST_CASE("the window of short messages is in a stream, until a long one comes, or none") {
  std::mt19937 random(1);
  Inflater inflater;
  for (unsigned round = 0; round < 20; ++round) {
    ZlibDeflate deflate(15, 1 + static_cast<int>(round % 9));
    InflateWindow window(15);
    std::size_t streams = 0;
    for (unsigned i = 0; i < 400; ++i) {
      const bool isLong = random() % 30 == 0;
      const std::string message = jsonText(isLong ? 1 + random() % 100'000 : 1 + random() % 1500, i % 5);
      std::string payload = deflate.message(message);
      // A block that is the last, and another behind it, which refers to what was before both.
      const bool ends = random() % 10 == 0;
      if (ends) payload = '\x03' + std::string(1, '\0') + payload;
      const auto [error, inflated] = inflater.inflate(asBytes(payload), message.size(), &window);
      REQUIRE(error == Errc{});
      REQUIRE(asText(inflated) == message);
      // Empty messages whose last block says that it is: those that follow refer to what was before them, and
      // may be as many streams as others.
      for (const std::size_t count : {1U, 16U}) {
        if (random() % 5 != 0) continue;
        std::string last;
        for (std::size_t stream = 0; stream < count; ++stream) last += std::string("\x03\0", 2);
        const auto empty = inflater.inflate(asBytes(last), 0, &window);
        REQUIRE(empty.error == Errc{});
        REQUIRE(empty.message.empty());
      }
      streams += window.inStream();
      CHECK(window.memory() <= 48 * 1024);
      if (random() % 50 == 0) {
        window.trim();
        CHECK_FALSE(window.inStream());
        CHECK(window.memory() <= 32 * 1024);
      }
    }
    CHECK(streams > 100);
    CHECK(streams < 390);
    // Smaller windows are copied.
    InflateWindow small(14);
    ZlibDeflate smaller(14);
    for (unsigned i = 0; i < 100; ++i) {
      REQUIRE(inflated(inflater, smaller.message(jsonText(1000, i)), Inflater::Engine::Zlib, &small) ==
              jsonText(1000, i));
      CHECK_FALSE(small.inStream());
    }
  }
}

TEST_CASE("what a window in a stream cannot take leaves it empty") {
  for (const bool corrupt : {true, false}) {
    Inflater inflater;
    ZlibDeflate deflate;
    InflateWindow window(15);
    while (!window.inStream()) inflater.inflate(asBytes(deflate.message(jsonText(1000))), 1000, &window);
    const std::string payload = corrupt ? std::string(1, '\x06') : deflate.message(jsonText(1000));
    const Errc error = inflater.inflate(asBytes(payload), 999, &window).error;
    CHECK(error == (corrupt ? Errc::InvalidCompression : Errc::MessageTooBig));
    CHECK_FALSE(window.inStream());
    CHECK(window.bytes().empty());
    CHECK(window.memory() == 0);
  }
}

TEST_CASE("blocks that say they are the last may be followed by others, and all refer to one window") {
  for (const Inflater::Engine engine : engines) {
    for (const std::size_t size : {5U, 3000U, 100'000U}) {
      const std::string first = jsonText(size);
      const std::string second = jsonText(size, 2);
      Inflater inflater;
      InflateWindow window(15);
      ZlibDeflate deflate;
      // zlib ends its stream; the next one begins with what has been as its dictionary.
      const std::string one = deflate.raw(first, Z_FINISH);
      CHECK(inflated(inflater, one + '\0', engine, &window) == first);
      CHECK(inflated(inflater, one, engine) == first);
      CHECK(inflated(inflater, one + one + '\0', engine) == first + first);
      CHECK(inflated(inflater, one + stored(second, 1000, true) + one + '\0', engine) ==
            first + second + first);
      // The window is still that of before: the last byte again, and again (fixed code, length 3, distance
      // 1).
      CHECK(inflated(inflater, bytesOf({0x02, 0x02, 0x00, 0x00}), engine, &window) ==
            std::string(3, first.back()));
      const std::string last(1, first.back());
      CHECK(inflated(inflater, one + bytesOf({0x02, 0x02, 0x00, 0x00}), engine) ==
            first + last + last + last);
    }
    CHECK(errorOf("", engine) == Errc{});
    // The empty block that the tail completes may say that it is the last.
    Inflater inflater;
    CHECK(inflated(inflater, stored("abc", 2) + '\x01', engine) == "abc");
  }
}

TEST_CASE("stored blocks of every size, with and without the empty one at the end") {
  for (const Inflater::Engine engine : engines) {
    Inflater inflater;
    for (const std::size_t size : {0U, 1U, 2U, 255U, 256U, 65'535U, 65'536U, 200'000U}) {
      const std::string text = noise(size);
      for (const std::size_t each : {1000U, 65'535U}) {
        const std::string blocks = stored(text, each);
        CHECK(inflated(inflater, blocks + '\0', engine) == text);
        CHECK(inflated(inflater, blocks, engine) == text);
        CHECK(inflated(inflater, blocks + stored("", 1), engine) == text);
        CHECK(inflated(inflater, blocks + stored("", 1) + '\0', engine) == text);
      }
    }
  }
}

TEST_CASE("the limit is exact, and holds while inflating") {
  for (const Inflater::Engine engine : engines) {
    ZlibDeflate deflate(15, 9);
    for (const std::size_t limit : {0U, 1U, 100U, 65'535U, 65'536U, 65'537U, 131'072U, 1'000'000U}) {
      for (const std::string& text : {std::string(limit + 2, 'a'), noise(limit + 2)}) {
        const auto errorAt = [&](std::size_t size) {
          deflate.reset();
          return errorOf(deflate.message(text.substr(0, size)), engine, limit);
        };
        if (limit > 0) CHECK(errorAt(limit - 1) == Errc{});
        if (limit > 0) CHECK(errorAt(limit) == Errc{});
        CHECK(errorAt(limit + 1) == Errc::MessageTooBig);
        CHECK(errorAt(limit + 2) == Errc::MessageTooBig);
      }
    }
    // A hundred megabytes in a hundred kilobytes, which take no memory.
    deflate.reset();
    std::string bomb;
    for (int i = 0; i < 100; ++i) bomb += deflate.raw(std::string(1'000'000, '\0'));
    CHECK(bomb.size() < 200'000);
    CHECK(errorOf(bomb, engine, 10'000) == Errc::MessageTooBig);
  }
}

TEST_CASE("what is no DEFLATE is refused") {
  const std::vector<std::string> cases{
      bytesOf({0x06}),
      bytesOf({0x07, 0x00}),                                      // a block of the type that does not exist
      bytesOf({0x00, 0x05, 0x00, 0xfb, 0xff, 'H', 'e'}),          // a length without its complement
      bytesOf({0x02, 0x02, 0x00, 0x00}),                          // a distance beyond the start
      bytesOf({0x00, 0x05, 0x00, 0xfa, 0xff, 'H', 'e'}),          // a stored block that is cut off
      bytesOf({0xf2, 0x48, 0xcd}),                                // a coded one
      bytesOf({0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x06}),  // good, and something behind it
      bytesOf({0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x06}),
      std::string(1000, '\xff'),
      "Hello, this is no DEFLATE at all"};
  for (const Inflater::Engine engine : engines) {
    for (const std::string& payload : cases) CHECK(errorOf(payload, engine) == Errc::InvalidCompression);
  }
}

TEST_CASE("a code that leaves bits unused is refused by zlib, and taken by ISA-L") {
  // Ten times the letter a, of a code in which it and the block's end have two bits each.
  const std::string payload = bytesOf(
      {0x04, 0xc0, 0x01, 0x09, 0x00, 0x00, 0x00, 0x80, 0xa0, 0xad, 0xfd, 0x3f, 0x91, 0x00, 0x00, 0x20, 0x00});
  Inflater inflater;
  CHECK(errorOf(payload, Inflater::Engine::Zlib) == Errc::InvalidCompression);
  CHECK(inflated(inflater, payload, Inflater::Engine::Isal) == std::string(10, 'a'));
}

TEST_CASE("a message that is cut off anywhere is refused, or is what came of it") {
  const std::string text = jsonText(3000);
  ZlibDeflate deflate;
  const std::string payload = deflate.message(text);
  for (const Inflater::Engine engine : engines) {
    Inflater inflater;
    int taken = 0;
    for (std::size_t size = 1; size < payload.size(); ++size) {
      const auto [error, message] = inflater.inflate(asBytes(payload).first(size), plenty, nullptr, engine);
      // The tail may happen to end it.
      if (error == Errc{}) ++taken;
      CHECK((error == Errc{} || error == Errc::InvalidCompression));
    }
    CHECK(taken < 20);
    // It can be used again.
    CHECK(inflated(inflater, payload, engine) == text);
  }
}

TEST_CASE("what zlib inflates, ISA-L inflates to the same; what it refuses harms neither") {
  Inflater inflater;
  ZlibDeflate deflate;
  InflateWindow windows[] = {InflateWindow(15), InflateWindow(15)};
  for (unsigned seed = 0; seed < 3000; ++seed) {
    std::mt19937 random(seed);
    deflate.reset();
    std::string payload = seed % 3 == 0 ? noise(1 + random() % 300, seed)
                                        : deflate.message(jsonText(1 + random() % 4000, seed));
    for (unsigned i = 0; i < seed % 4; ++i) payload[random() % payload.size()] = static_cast<char>(random());
    std::string results[2];
    for (const std::size_t i : {0U, 1U})
      results[i] = inflated(inflater, payload, engines[i], seed % 2 == 0 ? &windows[i] : nullptr, 100'000);
    // ISA-L takes codes that do not use all bits.
    if (results[0] == make_error_code(Errc::InvalidCompression).message()) {
      for (InflateWindow& window : windows) window.clear();
    } else {
      CHECK(results[0] == results[1]);
    }
  }
}
