#include "protocol/deflater.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "protocol/deflate_streams.h"
#include "protocol/inflater.h"
#include "protocol/reference_inflate.h"

using namespace duplex::protocol;
using duplex::asBytes;
using duplex::asText;
using duplex::test::jsonText;
using duplex::test::noise;
using duplex::test::ReferenceInflate;
using History = Deflater::History;

namespace {

struct Compressor {
  explicit Compressor(History history = History::Kept) : deflater(history) {}

  Deflater deflater;
  Scratch scratch;

  std::string operator()(std::string_view text, int bits = 15) {
    return std::string(asText(deflater.deflate(asBytes(text), bits, scratch)));
  }
};

}  // namespace

TEST_CASE("no window is exceeded, by a reader of its own") {
  for (int bits = 8; bits <= 15; ++bits) {
    for (const History history : {History::None, History::Kept}) {
      Compressor deflate(history);
      ReferenceInflate kept;
      std::size_t farthest = 0;
      std::string text = jsonText(1 << (bits + 1)) + noise(1 << bits);
      // What is exactly one window back, and one byte more.
      text += text.substr(text.size() - (std::size_t{1} << bits), 300);
      for (const std::string& message :
           {text, jsonText(700, 2), text, std::string(1000, 'x'), jsonText(700, 2)}) {
        ReferenceInflate alone;
        ReferenceInflate& inflate = history == History::Kept ? kept : alone;
        const std::string payload = deflate(message, bits);
        CHECK(inflate.message(payload) == message);
        farthest = std::max(farthest, inflate.farthest);
      }
      CHECK(farthest <= std::size_t{1} << bits);
      // It makes use of it, too.
      CHECK(farthest > std::size_t{1} << (bits - 1));
    }
  }
}

TEST_CASE("what is compressed can be inflated, at every size") {
  for (const History history : {History::None, History::Kept}) {
    Compressor deflate(history);
    Inflater inflater;
    InflateWindow window(15);
    const auto check = [&](const std::string& message) {
      const std::string payload = deflate(message);
      const auto [error, back] =
          inflater.inflate(asBytes(payload), message.size(), history == History::Kept ? &window : nullptr);
      REQUIRE(error == duplex::Errc{});
      CHECK(asText(back) == message);
    };
    for (std::size_t size = 1; size < 600; ++size) check(jsonText(size, static_cast<unsigned>(size) % 5));
    for (const std::size_t size :
         {4096U, 32'767U, 32'768U, 65'535U, 65'536U, 65'537U, 1'000'000U, 5'000'000U}) {
      check(jsonText(size));
      check(noise(size));
      check(std::string(size, 'x'));
    }
  }
}

TEST_CASE("what does not compress grows by little") {
  Compressor deflate;
  for (const std::size_t size : {1U, 10U, 1000U, 65'536U, 1'000'000U}) {
    CHECK(deflate(noise(size)).size() <= size + 16 + size / 1000);
  }
}

TEST_CASE("with context takeover the same again is short, until it forgets") {
  Compressor deflate;
  const std::string text = noise(400);
  CHECK(deflate(text).size() > 390);
  CHECK(deflate(text).size() < 40);
  deflate.deflater.forget();
  CHECK(deflate(text).size() > 390);
  CHECK(deflate(text).size() < 40);
  CHECK(deflate.deflater.memory() > 0);
  deflate.deflater.release();
  CHECK(deflate.deflater.memory() == 0);
  CHECK(deflate(text).size() > 390);
}

TEST_CASE("short messages refer to those before them, and longer ones come between") {
  Compressor deflate;
  ReferenceInflate inflate;
  const auto check = [&](const std::string& message) {
    const std::string payload = deflate(message);
    CHECK(inflate.message(payload) == message);
    return payload.size();
  };
  // More than 64 KB, in which it counts.
  for (unsigned seed = 0; seed < 700; ++seed) check(jsonText(1 + 37 * seed % 256, seed % 7));
  const std::string text = noise(256);
  CHECK(check(text) > 250);
  CHECK(check(text) < 20);
  // The first longer one begins anew, once.
  CHECK(check(text + "and one more") > 250);
  CHECK(check(text) < 20);
  CHECK(check(text + "and one more") < 40);
  for (unsigned seed = 0; seed < 200; ++seed) check(jsonText(1 + 101 * seed % 900, seed % 7));
  deflate.deflater.release();
  CHECK(check(text) > 250);
  CHECK(check(text) < 20);
}

TEST_CASE("without, each message can be inflated by itself, whatever the windows were before") {
  Compressor deflate(History::None);
  for (const int bits : {15, 8, 12, 9, 15, 8}) {
    for (unsigned seed = 0; seed < 5; ++seed) {
      const std::string text = jsonText(3000, seed % 2);
      ReferenceInflate inflate;
      CHECK(inflate.message(deflate(text, bits)) == text);
      CHECK(inflate.farthest <= std::size_t{1} << bits);
    }
  }
}
