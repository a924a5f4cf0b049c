// Sessions of both sides that agreed on compression.
#include "protocol/permessage_deflate.h"

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <vector>

#include "protocol/deflate_streams.h"
#include "protocol/session.h"
#include "protocol/wire_vector.h"

using namespace duplex::protocol;
using duplex::asBytes;
using duplex::asText;
using duplex::Errc;
using duplex::MutableBytes;
using duplex::OutputQueue;
using duplex::Ref;
using duplex::SharedBytes;
using duplex::test::jsonText;
using duplex::test::noise;
using duplex::test::ZlibDeflate;

namespace {

constexpr int compressedText = 0x80 | 0x40 | 0x1;
constexpr int compressedBinary = 0x80 | 0x40 | 0x2;

/// One end, and what it agreed on.
struct End {
  explicit End(Role role, const DeflateParameters& agreed = {}, std::size_t maxMessageSize = 16 << 20)
      : deflate(tools, role, {agreed, "permessage-deflate"}),
        limits{.maxMessageSize = maxMessageSize, .deflate = &deflate},
        session(role, limits),
        isServer(role == Role::Server) {}

  /// The bytes of `text` as a message that is compressed.
  std::string send(std::string_view text, Opcode opcode = Opcode::Text) {
    const auto deflated = deflate.deflate(asBytes(text));
    OutputQueue out;
    if (deflated.empty()) {
      session.message(opcode, asBytes(text), out);
    } else {
      session.compressed(opcode, deflated, out);
    }
    return drain(out);
  }

  static std::string drain(OutputQueue& out) {
    std::array<iovec, 64> pieces;
    std::string bytes;
    while (!out.empty()) {
      const std::size_t filled = out.gather(pieces);
      const std::size_t before = bytes.size();
      for (std::size_t i = 0; i < filled; ++i)
        bytes.append(static_cast<const char*>(pieces[i].iov_base), pieces[i].iov_len);
      out.consume(bytes.size() - before);
    }
    return bytes;
  }

  /// The events in `wire`, which comes in pieces of `step` bytes.
  std::vector<wire::Expected> receive(std::string wire, std::size_t step = 1 << 30) {
    std::vector<wire::Expected> events;
    for (std::size_t at = 0; at < wire.size(); at += step) {
      std::string part = wire.substr(at, step);
      MutableBytes input = std::as_writable_bytes(std::span(part.data(), part.size()));
      while (const Event event = session.next(input))
        events.push_back({event.type, std::string(asText(event.payload)), event.code, event.error});
    }
    return events;
  }

  DeflateTools tools;
  PerMessageDeflate deflate;
  SessionLimits limits;
  Session session;
  bool isServer;
};

using Events = std::vector<wire::Expected>;

/// What a server makes of `frames`, whole and byte by byte.
Events received(const std::vector<wire::Frame>& frames, std::size_t maxMessageSize = 16 << 20) {
  const std::string bytes = wire::encodeAll(frames, Role::Server);
  const Events whole = End(Role::Server, {}, maxMessageSize).receive(bytes);
  for (const std::size_t step : {1U, 2U, 3U, 7U}) {
    CHECK(End(Role::Server, {}, maxMessageSize).receive(bytes, step) == whole);
  }
  return whole;
}

bool has(const Events& events, const Events& expected) {
  return events == expected;
}

std::string compressed(std::string_view text) {
  return ZlibDeflate().message(text);
}

}  // namespace

static_assert(sizeof(Session) <= 24, "what an idle connection knows of compression is in its limits");

TEST_CASE("both sides understand each other with every pair of parameters") {
  const std::vector<std::string> messages{"Hello",       "Hello",          "",         jsonText(300),
                                          jsonText(300), jsonText(40'000), noise(500), jsonText(40'000),
                                          noise(40'000), jsonText(100, 3)};
  for (int bits = minWindowBits; bits <= maxWindowBits; ++bits) {
    for (int takeover = 0; takeover < 4; ++takeover) {
      const DeflateParameters agreed{.serverTakeover = (takeover & 1) != 0,
                                     .clientTakeover = (takeover & 2) != 0,
                                     .serverWindowBits = bits,
                                     .clientWindowBits = minWindowBits + maxWindowBits - bits};
      End server(Role::Server, agreed);
      End client(Role::Client, agreed);
      for (const std::string& message : messages) {
        CHECK(has(client.receive(server.send(message, Opcode::Binary), 1000), {wire::binary(message)}));
        CHECK(has(server.receive(client.send(message, Opcode::Binary)), {wire::binary(message)}));
      }
      CHECK(PerMessageDeflate::keepsNothing(agreed) == (takeover == 0));
      CHECK((server.deflate.memory() > 0) == (takeover != 0));
      // What is given back is not missed.
      for (End* end : {&server, &client}) end->deflate.trim();
      for (const std::string& message : messages) {
        CHECK(has(client.receive(server.send(message, Opcode::Binary)), {wire::binary(message)}));
        CHECK(has(server.receive(client.send(message, Opcode::Binary)), {wire::binary(message)}));
      }
    }
  }
}

TEST_CASE("what is agreed on decides what a message may refer to") {
  for (const bool takeover : {false, true}) {
    End server(Role::Server, {.serverTakeover = takeover});
    const std::string text = jsonText(500);
    const std::size_t first = server.send(text).size();
    const std::size_t second = server.send(text).size();
    CHECK(first < 400);
    CHECK((takeover ? second < 40 : second == first));
  }
}

TEST_CASE("a compressed message in fragments, with others between them") {
  const std::string text = jsonText(700);
  const std::string payload = compressed(text);
  for (std::size_t split = 0; split <= payload.size(); ++split) {
    const std::vector<wire::Frame> frames{
        {0x41, payload.substr(0, split)}, {0x89, "ping"},  {0x00, ""},
        {0x80, payload.substr(split)},    {0x81, "plain"}, {compressedBinary, compressed("again")}};
    CHECK(has(End(Role::Server).receive(wire::encodeAll(frames, Role::Server)),
              {wire::ping("ping"), wire::text(text), wire::text("plain"), wire::binary("again")}));
  }
  std::vector<wire::Frame> single{{0x41, ""}};
  for (const char byte : payload) single.push_back({0x00, std::string(1, byte)});
  single.push_back({0x80, ""});
  CHECK(has(received(single), {wire::text(text)}));
}

TEST_CASE("a message whose fragments were flushed one by one, the last one empty") {
  ZlibDeflate deflate;
  const std::string one = deflate.raw("one ");
  const std::string two = deflate.raw("two");
  CHECK(has(received({{0x41, one}, {0x00, two}, {0x80, ""}}), {wire::text("one two")}));
  CHECK(has(received({{0x41, one}, {0x80, two.substr(0, two.size() - 4)}}), {wire::text("one two")}));
  CHECK(has(received({{compressedText, ""}}), {wire::text("")}));
  CHECK(has(received({{compressedText, std::string(1, '\0')}}), {wire::text("")}));
}

TEST_CASE("uncompressed messages may stand between, and do not move the window") {
  End server(Role::Server);
  ZlibDeflate deflate;
  const auto frame = [](int first, const std::string& payload) {
    return wire::encode({first, payload}, Role::Server);
  };
  const std::string text = jsonText(400);
  CHECK(has(server.receive(frame(compressedText, deflate.message(text))), {wire::text(text)}));
  for (int i = 0; i < 3; ++i) {
    CHECK(has(server.receive(frame(0x81, std::string(50'000, 'x'))), {wire::text(std::string(50'000, 'x'))}));
    const std::string again = deflate.message(text);
    CHECK(again.size() < 40);
    CHECK(has(server.receive(frame(compressedText, again)), {wire::text(text)}));
  }
}

TEST_CASE("RSV1 stands on the first frame of a message alone, and only where it was agreed on") {
  const auto refused = [](const std::vector<wire::Frame>& frames) {
    return has(received(frames), {wire::failure(Errc::ReservedBit)});
  };
  const std::string payload = compressed("Hello");
  CHECK(refused({{0xC9, payload}}));
  CHECK(refused({{0xCA, ""}}));
  CHECK(refused({{0xC8, wire::closeBody(1000)}}));
  CHECK(refused({{0xC0, payload}}));
  CHECK(refused({{0x41, payload.substr(0, 2)}, {0xC0, payload.substr(2)}}));
  CHECK(refused({{0x01, "a"}, {0xC0, payload}}));
  for (const int others : {0x20, 0x10, 0x30, 0x60, 0x50, 0x70}) CHECK(refused({{0x81 | others, payload}}));
  CHECK(refused({{0xC3, payload}}));

  const SessionLimits without;
  for (const Role role : {Role::Server, Role::Client}) {
    Session session(role, without);
    std::string bytes = wire::encode({compressedText, payload}, role);
    MutableBytes input = std::as_writable_bytes(std::span(bytes.data(), bytes.size()));
    CHECK(session.next(input).error == Errc::ReservedBit);
  }
}

TEST_CASE("compressed text has to be UTF-8 when inflated") {
  const auto error = [](const std::string& text, int first = compressedText) {
    const Events events = received({{first, compressed(text)}});
    REQUIRE(events.size() == 1);
    return events.front().error;
  };
  CHECK(error("κόσμε") == Errc{});
  CHECK(error("κόσμ\xce") == Errc::InvalidUtf8);
  CHECK(error("\xff") == Errc::InvalidUtf8);
  CHECK(error("\xed\xa0\x80") == Errc::InvalidUtf8);
  CHECK(error("\xff", compressedBinary) == Errc{});
}

TEST_CASE("the limit is that of the inflated message, to the byte") {
  for (const std::size_t limit : {0U, 1U, 10U, 1000U, 70'000U}) {
    for (const bool compressible : {true, false}) {
      for (std::size_t size : {limit, limit + 1, limit + 2}) {
        if (size == 0) continue;
        const std::string text = compressible ? std::string(size, 'a') : noise(size);
        const Events events = End(Role::Server, {}, limit)
                                  .receive(wire::encode({compressedBinary, compressed(text)}, Role::Server));
        CHECK(has(events, {size <= limit ? wire::binary(text) : wire::failure(Errc::MessageTooBig)}));
        // Each byte in a frame of its own, flushed.
        ZlibDeflate deflate;
        std::vector<wire::Frame> frames{{0x42, ""}};
        for (std::size_t at = 0; at < text.size() && size <= 1002; ++at)
          frames.push_back({0x00, deflate.raw(text.substr(at, 1))});
        frames.push_back({0x80, ""});
        if (size <= 1002) {
          CHECK(has(End(Role::Server, {}, limit).receive(wire::encodeAll(frames, Role::Server)),
                    {size <= limit ? wire::binary(text) : wire::failure(Errc::MessageTooBig)}));
        }
      }
    }
  }
  // A length that no good message has is refused before anything has come.
  for (const std::uint64_t length :
       {std::uint64_t{3000}, std::uint64_t{1} << 40, (std::uint64_t{1} << 63) - 1}) {
    const wire::Frame frame{.first = compressedText, .announced = length};
    CHECK(has(received({frame}, 1000), {wire::failure(Errc::MessageTooBig)}));
  }
}

TEST_CASE("what cannot be inflated ends with 1007") {
  CHECK(has(received({{compressedText, "\xff\xff\xff"}}), {wire::failure(Errc::InvalidCompression)}));
  CHECK(has(received({{0x41, "\xff"}, {0x80, "\xff"}}), {wire::failure(Errc::InvalidCompression)}));
  CHECK(duplex::closeCode(Errc::InvalidCompression) == 1007);
}

TEST_CASE("a published frame is compressed once for each size of window") {
  const std::string text = jsonText(2000);
  const Ref<SharedBytes> frame = frameForAll(Opcode::Text, asBytes(text));
  DeflateTools tools;
  for (int bits = minWindowBits; bits <= maxWindowBits; ++bits) {
    PerMessageDeflate takeover(tools, Role::Server, {{.serverWindowBits = bits}, ""});
    PerMessageDeflate none(
        tools, Role::Server,
        {{.serverTakeover = false, .clientTakeover = false, .serverWindowBits = bits}, ""});
    const Ref<SharedBytes> form = takeover.form(frame);
    CHECK(form.get() == none.form(frame).get());
    CHECK(form->size() < frame->size() / 2);
    End client(Role::Client);
    CHECK(has(client.receive(std::string(asText(form->bytes()))), {wire::text(text)}));
  }
  // What would get larger stays as it is.
  const Ref<SharedBytes> random = frameForAll(Opcode::Binary, asBytes(noise(300)));
  PerMessageDeflate none(tools, Role::Server, {});
  CHECK(none.form(random).get() == random.get());
  CHECK(none.form(random).get() == random.get());
}

TEST_CASE("what was compressed for all, or is not sent, does not confuse what refers to those before") {
  End server(Role::Server);
  End client(Role::Client);
  for (unsigned i = 0; i < 50; ++i) {
    const std::string own = jsonText(300, i % 3);
    CHECK(has(client.receive(server.send(own)), {wire::text(own)}));
    if (i % 5 == 1) {
      const std::string shared = jsonText(800, i % 4);
      const Ref<SharedBytes> form = server.deflate.form(frameForAll(Opcode::Text, asBytes(shared)));
      CHECK(has(client.receive(std::string(asText(form->bytes()))), {wire::text(shared)}));
    }
    if (i % 7 == 2) {
      const std::string alone = jsonText(900, i);
      const auto frame =
          server.session.frame(Opcode::Text, server.deflate.deflateAlone(asBytes(alone)), true);
      if (i % 2 == 0) CHECK(has(client.receive(std::string(asText(frame->bytes()))), {wire::text(alone)}));
    }
  }
}
