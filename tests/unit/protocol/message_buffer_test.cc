#include "protocol/message_buffer.h"

#include <doctest/doctest.h>

#include <cstring>
#include <limits>
#include <string>
#include <thread>
#include <utility>

#include "base/large_blocks.h"

using duplex::asText;
using duplex::protocol::MessageBuffer;

namespace {

constexpr std::size_t unknown = std::numeric_limits<std::size_t>::max();

void append(MessageBuffer& buffer, std::string_view text, std::size_t coming = unknown) {
  const duplex::MutableBytes room = buffer.extend(text.size(), coming);
  REQUIRE(room.size() == text.size());
  if (!text.empty()) std::memcpy(room.data(), text.data(), text.size());
}

}  // namespace

static_assert(sizeof(MessageBuffer) == sizeof(void*));

TEST_CASE("bytes stay in order as the buffer grows") {
  MessageBuffer buffer;
  std::string model;
  CHECK(buffer.size() == 0);
  CHECK(buffer.bytes().empty());
  for (int i = 0; i < 200; ++i) {
    const std::string part(static_cast<std::size_t>(i), static_cast<char>('a' + i % 26));
    append(buffer, part, i % 3 == 0 ? 0 : unknown);
    model += part;
    REQUIRE(asText(buffer.bytes()) == model);
  }
}

TEST_CASE("what is announced and comes fits without a move") {
  MessageBuffer buffer;
  append(buffer, std::string(60, 'a'), 40);
  const std::byte* at = buffer.bytes().data();
  append(buffer, std::string(40, 'b'), 0);
  CHECK(buffer.bytes().data() == at);
}

TEST_CASE("of memory that is kept anyway it takes what has room for all, and else in proportion") {
  constexpr std::size_t whole = 1024 * 1024;
  const std::string part(10'000, 'a');
  const auto moves = [&part] {
    MessageBuffer buffer;
    int count = 0;
    const std::byte* at = nullptr;
    while (buffer.size() < whole) {
      append(buffer, part, whole - buffer.size());
      if (at != buffer.bytes().data()) ++count;
      at = buffer.bytes().data();
    }
    return count;
  };
  std::thread([&] {
    // At 10, 30 and 70 KB, which is a large enough part of the whole.
    CHECK(moves() == 3);
    duplex::keepBlocks(true);
    duplex::freeBlock(duplex::allocateBlock(whole + 2 * part.size()));
    // Nothing is kept under a sanitizer.
    if (duplex::keptBlocks() > 0) CHECK(moves() == 1);
    // What is kept and too small is no hindrance.
    MessageBuffer buffer;
    append(buffer, part, unknown);
    CHECK(buffer.size() == part.size());
  }).join();
}

TEST_CASE("truncated, it keeps the front, and nothing at 0") {
  MessageBuffer buffer;
  append(buffer, "message");
  append(buffer, "ping");
  buffer.truncate(7);
  CHECK(asText(buffer.bytes()) == "message");
  append(buffer, "!");
  CHECK(asText(buffer.bytes()) == "message!");
  buffer.truncate(0);
  CHECK(buffer.size() == 0);
  buffer.truncate(0);
  append(buffer, "again");
  CHECK(asText(buffer.bytes()) == "again");
}

TEST_CASE("what is put into its room is taken where it lies") {
  MessageBuffer buffer;
  append(buffer, std::string(1000, 'a'));
  std::string model(1000, 'a');
  const std::size_t whole = 500'000;
  while (buffer.size() < whole) {
    const duplex::MutableBytes room = buffer.room(whole - buffer.size());
    REQUIRE_FALSE(room.empty());
    REQUIRE(room.size() <= whole - buffer.size());
    CHECK(buffer.size() == model.size());
    const std::size_t some = (room.size() + 1) / 2;
    const char letter = static_cast<char>('a' + model.size() % 26);
    std::memset(room.data(), letter, some);
    const duplex::MutableBytes taken = buffer.extend(some, whole - buffer.size() - some);
    CHECK(taken.data() == room.data());
    model.append(some, letter);
  }
  CHECK((asText(buffer.bytes()) == model));
  CHECK(buffer.room(0).empty());
}

TEST_CASE("what is released stays where it lies, and the buffer is as new") {
  MessageBuffer buffer;
  CHECK_FALSE(buffer.release());
  append(buffer, std::string(100'000, 'a'));
  const std::byte* at = buffer.bytes().data();
  const auto released = buffer.release();
  REQUIRE(released);
  CHECK(released->bytes().data() == at);
  CHECK(buffer.size() == 0);
  append(buffer, "b");
  CHECK(asText(buffer.bytes()) == "b");
  CHECK((asText(released->bytes()) == std::string(100'000, 'a')));
}

TEST_CASE("a buffer moves") {
  MessageBuffer one;
  append(one, "text");
  MessageBuffer other = std::move(one);
  CHECK(asText(other.bytes()) == "text");
  one = std::move(other);
  CHECK(asText(one.bytes()) == "text");
}
