// What the other end sends, read with no indulgence.
#include "check/reader.h"

#include <doctest/doctest.h>

#include <optional>
#include <string>

#include "check/frame.h"

using namespace duplex;
using namespace duplex::check;

namespace {

/// What is made of `frames` from a server, whole and byte by byte.
Record read(const std::vector<Frame>& frames, std::optional<DeflateParameters> deflate = {},
            Role checked = Role::Server) {
  std::string bytes;
  for (const Frame& each : frames) bytes += encode(each, checked == Role::Client);
  Record whole;
  Reader(checked, deflate, whole).feed(bytes);
  Record pieces;
  Reader reader(checked, deflate, pieces);
  for (const char c : bytes) reader.feed(std::string_view(&c, 1));
  CHECK(whole.malformed == pieces.malformed);
  CHECK(whole.heard.size() == pieces.heard.size());
  return whole;
}

bool isBroken(const std::vector<Frame>& frames, std::optional<DeflateParameters> deflate = {},
              Role checked = Role::Server) {
  return !read(frames, deflate, checked).malformed.empty();
}

}  // namespace

TEST_CASE("messages, fragments, control frames and the Close are heard") {
  const Record record = read({text("a"), binary("b").open(), ping("p"), more("c"), pong("q"),
                              check::close(1001, "bye"), ping("late")});
  REQUIRE(record.malformed == "");
  REQUIRE(record.heard.size() == 6);
  CHECK(record.heard[0].kind == Heard::Kind::Text);
  CHECK(record.heard[1].kind == Heard::Kind::Ping);
  CHECK(record.heard[2].kind == Heard::Kind::Binary);
  CHECK(record.heard[2].payload == "bc");
  CHECK(record.heard[3].payload == "q");
  CHECK(record.heard[4].code == 1001);
  CHECK(record.heard[4].payload == "bye");
  CHECK(record.heardClose);
  CHECK(record.closedFirst);
  CHECK(record.closeCode == 1001);
}

TEST_CASE("one who does not stop talking is not listened to for ever") {
  Record record;
  Reader reader(Role::Server, {}, record);
  const std::string frame = encode(ping("on and on"), false);
  std::string many;
  for (int i = 0; i < 10'000; ++i) many += frame;
  std::size_t fed = 0;
  for (; fed < 10'000 && record.malformed.empty(); ++fed) reader.feed(many);
  CHECK(record.malformed == "more messages than any case asks for");
  CHECK(fed < 1'000);
}

TEST_CASE("each rule that a sender can break is noticed") {
  CHECK(isBroken({text("a").wronglyMasked()}));
  CHECK(isBroken({text("a").wronglyMasked()}, {}, Role::Client));
  CHECK(isBroken({text("a").reserved(1)}));
  CHECK(isBroken({text("a").reserved(4)}));
  CHECK(isBroken({frame(3)}));
  CHECK(isBroken({ping("a").open()}));
  CHECK(isBroken({pong(Payload::repeated("x", 126))}));
  CHECK(isBroken({text("a").lengthIn(2)}));
  CHECK(isBroken({text().announcing(~0ULL)}));
  CHECK(isBroken({binary().announcing(1ULL << 40)}));
  CHECK(isBroken({binary("a").open(), more().announcing(256 << 20)}));
  CHECK(isBroken({more("a")}));
  CHECK(isBroken({text("a").open(), text("b")}));
  CHECK(isBroken({text("\xFF")}));
  CHECK(isBroken({text("\xE2").open(), more()}));
  CHECK(isBroken({frame(8, "\x03")}));
  CHECK(isBroken({check::close(1005)}));
  CHECK(isBroken({check::close(1006)}));
  CHECK(isBroken({check::close(1015)}));
  CHECK(isBroken({check::close(1000, "\xFF")}));
  CHECK(isBroken({check::close(1000), text("late")}));
  CHECK_FALSE(isBroken({text("a"), check::close(4000), ping("late")}));
  CHECK_FALSE(isBroken({text("a")}, {}, Role::Client));
}

TEST_CASE("a code without a meaning is doubtful, not wrong") {
  for (const int code : {0, 999, 1004, 1016, 2999, 5000}) {
    const Record record = read({check::close(static_cast<std::uint16_t>(code))});
    CHECK(record.malformed == "");
    CHECK(record.doubtful != "");
  }
  for (const int code : {1000, 1012, 3000, 4999})
    CHECK(read({check::close(static_cast<std::uint16_t>(code))}).doubtful == "");
}

TEST_CASE("compressed messages are inflated, where that was agreed") {
  const Frame hello = text(std::string("\xF2\x48\xCD\xC9\xC9\x07\x00", 7)).reserved(4);
  const Record record = read({hello, text("plain")}, DeflateParameters{});
  REQUIRE(record.heard.size() == 2);
  CHECK(record.heard[0].payload == "Hello");
  CHECK(record.heard[0].compressed);
  CHECK(!record.heard[1].compressed);
  CHECK(isBroken({hello}));
  CHECK(isBroken({text("\xFF\xFF").reserved(4)}, DeflateParameters{}));
  CHECK(isBroken({ping("p").reserved(4)}, DeflateParameters{}));
  CHECK(isBroken({text("a").open(), more("b").reserved(4)}, DeflateParameters{}));
}

TEST_CASE("the masks of a client are kept") {
  const Record record = read({text("a"), text("b")}, {}, Role::Client);
  REQUIRE(record.masks.size() == 2);
  CHECK(record.masks[0] != record.masks[1]);
}
