#include <duplex/message.h>

#include <doctest/doctest.h>

#include <string>
#include <utility>

#include "base/bytes.h"

using namespace duplex;

namespace {

OwnedMessage ownText(const std::string& text) {
  return OwnedMessage(Message(Message::Type::Text, asBytes(text)));
}

}  // namespace

TEST_CASE("an owned message has bytes of its own, of any size") {
  for (const std::size_t size : {0u, 1u, 64u, 2048u, 2049u, 70'000u, 3'000'000u}) {
    std::string text(size, 'x');
    OwnedMessage message = ownText(text);
    text.assign(size, 'y');
    CHECK(message.isText());
    CHECK(message.text() == std::string(size, 'x'));

    OwnedMessage moved = std::move(message);
    CHECK(moved.text() == std::string(size, 'x'));
    CHECK(message.size() == 0);
    OwnedMessage other = ownText("other");
    other = std::move(moved);
    CHECK(other.size() == size);
    const OwnedMessage copy(other);
    CHECK(copy.text() == other.text());
  }
  CHECK(OwnedMessage(Message(Message::Type::Binary, {})).isBinary());
}
