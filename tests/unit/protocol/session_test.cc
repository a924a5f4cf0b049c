#include "protocol/session.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <new>
#include <set>
#include <span>

#include "protocol/close_code.h"
#include "protocol/wire_vector.h"

using namespace duplex::protocol;
using duplex::asBytes;
using duplex::asText;
using duplex::Errc;
using duplex::MutableBytes;
using duplex::OutputQueue;

namespace {

std::size_t allocations = 0;
std::size_t allocatedBytes = 0;
std::size_t freed = 0;

}  // namespace

// Counts what the session takes. Not inlined, so that the compiler sees a pair of new and delete.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  allocatedBytes += size;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  if (memory != nullptr) ++freed;
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
  operator delete(memory);
}

namespace {

// What a session may take to know where it is in a message, whatever the message.
constexpr std::size_t bookkeeping = 128;

const SessionLimits defaults;

std::string drain(OutputQueue& out) {
  std::array<iovec, 64> pieces;
  const std::size_t filled = out.gather(pieces);
  std::string text;
  for (std::size_t i = 0; i < filled; ++i)
    text.append(static_cast<const char*>(pieces[i].iov_base), pieces[i].iov_len);
  REQUIRE(text.size() == out.size());
  out.clear();
  return text;
}

MutableBytes writable(std::string& text) {
  return std::as_writable_bytes(std::span(text.data(), text.size()));
}

}  // namespace

static_assert(sizeof(Session) <= 96, "an idle connection costs its object alone");

TEST_CASE("what a server sends") {
  Session server(Role::Server, defaults);
  OutputQueue out;
  server.text("Hello", out);
  CHECK(out.payload() == 5);
  CHECK(drain(out) == "\x81\x05Hello");
  server.binary(asBytes(std::string(126, 'x')), out);
  CHECK(out.payload() == 126);
  CHECK(drain(out) == std::string("\x82\x7e\x00\x7e", 4) + std::string(126, 'x'));
  server.text("", out);
  CHECK(drain(out) == std::string("\x81\x00", 2));
  server.ping(asBytes("p"), out);
  server.pong({}, out);
  CHECK(out.payload() == 0);
  CHECK(drain(out) == std::string("\x89\x01p\x8a\x00", 5));
  server.ping(asBytes(std::string(200, 'x')), out);
  CHECK(drain(out) == "\x89\x7d" + std::string(125, 'x'));
}

TEST_CASE("what one side sends the other side reads, at every length of a length") {
  for (Role role : {Role::Server, Role::Client}) {
    Session sender(role, defaults);
    Session receiver(role == Role::Server ? Role::Client : Role::Server, defaults);
    for (std::size_t size : {0U, 1U, 125U, 126U, 65535U, 65536U, 1'000'000U}) {
      OutputQueue out;
      const std::string payload(size, 'z');
      sender.text(payload, out);
      CHECK(out.payload() == size);
      std::string wire = drain(out);
      CHECK(wire.size() == headerSize(size, role == Role::Client) + size);
      MutableBytes input = writable(wire);
      const Event event = receiver.next(input);
      CHECK(event.type == Event::Type::Text);
      CHECK(asText(event.payload) == payload);
      CHECK(input.empty());
    }
  }
}

TEST_CASE("every frame of a client has a mask of its own") {
  Session client(Role::Client, defaults);
  OutputQueue out;
  std::set<std::string> masks;
  for (int i = 0; i < 1000; ++i) {
    client.text("x", out);
    const std::string wire = drain(out);
    REQUIRE(wire.size() == 7);
    masks.insert(wire.substr(2, 4));
  }
  // Two of 1,000 are alike once in 8,600 runs; three pairs of them never.
  CHECK(masks.size() > 997);
}

TEST_CASE("a close, with and without a code") {
  const auto sent = [](std::uint16_t code, std::string_view reason) {
    Session server(Role::Server, defaults);
    OutputQueue out;
    CHECK_FALSE(server.closeSent());
    server.close(code, reason, out);
    CHECK(server.closeSent());
    return drain(out);
  };
  CHECK(sent(0, "") == std::string("\x88\x00", 2));
  CHECK(sent(close_code::noStatus, "not sent") == std::string("\x88\x00", 2));
  CHECK(sent(1000, "") == "\x88\x02\x03\xe8");
  CHECK(sent(4999, "bye") ==
        "\x88\x05\x13\x87"
        "bye");
  CHECK(sent(1000, std::string(123, 'r')) == "\x88\x7d\x03\xe8" + std::string(123, 'r'));
}

TEST_CASE("ws CVE-2026-45736: a close has the bytes of its reason, and no others") {
  for (const Role role : {Role::Server, Role::Client}) {
    for (std::size_t size = 0; size <= maxCloseReason; ++size) {
      CAPTURE(size);
      std::string reason(size, ' ');
      for (std::size_t i = 0; i < size; ++i) reason[i] = static_cast<char>('a' + i % 26);
      Session sender(role, defaults);
      Session receiver(role == Role::Server ? Role::Client : Role::Server, defaults);
      OutputQueue out;
      sender.close(4321, reason, out);
      std::string sent = drain(out);
      CHECK(sent.size() == 2 + (role == Role::Client ? 4 : 0) + 2 + size);
      MutableBytes input = std::as_writable_bytes(std::span(sent));
      const Event event = receiver.next(input);
      CHECK(event.type == Event::Type::Close);
      CHECK(event.code == 4321);
      CHECK(asText(event.payload) == reason);
    }
  }
}

TEST_CASE("after a close nothing is sent, and the peer is still read") {
  Session server(Role::Server, defaults);
  OutputQueue out;
  server.close(1000, "", out);
  drain(out);
  server.text("x", out);
  server.ping({}, out);
  server.pong({}, out);
  server.close(1001, "again", out);
  CHECK(out.empty());
  CHECK(out.payload() == 0);
  std::string wire = wire::encode(wire::Frame{0x81, "late"}, Role::Server);
  MutableBytes input = writable(wire);
  CHECK(asText(server.next(input).payload) == "late");
}

TEST_CASE("a frame for all is what a server sends") {
  for (std::size_t size : {0U, 5U, 126U, 70'000U}) {
    const std::string payload(size, 'a');
    OutputQueue out;
    Session(Role::Server, defaults).binary(asBytes(payload), out);
    CHECK(asText(frameForAll(Opcode::Binary, asBytes(payload))->bytes()) == drain(out));
  }
}

TEST_CASE("a frame by itself is what the session would send, with a mask of its own") {
  Session server(Role::Server, defaults);
  Session client(Role::Client, defaults);
  for (const std::size_t size : {0, 5, 125, 126, 65'535, 65'536}) {
    const std::string payload(size, 'x');
    OutputQueue out;
    server.binary(asBytes(payload), out);
    CHECK(asText(server.frame(Opcode::Binary, asBytes(payload))->bytes()) == drain(out));

    const auto frame = client.frame(Opcode::Text, asBytes(payload));
    CHECK(asText(frame->bytes()) != asText(client.frame(Opcode::Text, asBytes(payload))->bytes()));
    Session receiver(Role::Server, defaults);
    MutableBytes input = frame->writable();
    const Event event = receiver.next(input);
    CHECK(event.type == Event::Type::Text);
    CHECK(asText(event.payload) == payload);
    CHECK(input.empty());
  }
}

TEST_CASE("a message that lies whole in the input is a view of it, and costs no memory") {
  std::string wire;
  for (int i = 0; i < 100; ++i) {
    wire += wire::encodeAll({{0x81, "a short one"}, {0x89, "ping"}, {0x82, std::string(1000, 'x')}},
                            Role::Server);
  }
  OutputQueue out;
  Session server(Role::Server, defaults);
  server.text(std::string(400, 'x'), out);
  out.clear();
  const std::size_t before = allocations;
  MutableBytes input = writable(wire);
  int events = 0;
  while (const Event event = server.next(input)) {
    ++events;
    const bool inside = event.payload.data() >= writable(wire).data() &&
                        event.payload.data() + event.payload.size() <= writable(wire).data() + wire.size();
    REQUIRE(inside);
    if (event.type == Event::Type::Text) {
      server.message(Opcode::Text, event.payload, out);
      out.consume(out.size());
    }
  }
  CHECK(events == 300);
  CHECK(allocations == before);
  CHECK_FALSE(server.insideMessage());
}

TEST_CASE("a ping inside a fragmented message is a view of the input too") {
  std::string wire = wire::encodeAll({{0x01, "one"}, {0x89, "ping"}}, Role::Server);
  Session server(Role::Server, defaults);
  MutableBytes input = writable(wire);
  const Event event = server.next(input);
  CHECK(event.type == Event::Type::Ping);
  CHECK(event.payload.data() == writable(wire).data() + wire.size() - 4);
}

TEST_CASE("memory follows what has arrived, not what was announced") {
  const SessionLimits wide{.maxMessageSize = std::size_t{1} << 62};
  for (Role role : {Role::Server, Role::Client}) {
    Session session(role, wide);
    std::string wire = wire::encode(wire::Frame{0x82, "", (1ULL << 61)}, role);
    CHECK(wire.size() == (role == Role::Server ? 14 : 10));
    std::string more(100, 'x');
    const std::size_t before = allocatedBytes;
    MutableBytes input = writable(wire);
    CHECK_FALSE(session.next(input));
    CHECK(session.insideMessage());
    CHECK(allocatedBytes - before <= bookkeeping);
    input = writable(more);
    CHECK_FALSE(session.next(input));
    CHECK(allocatedBytes - before <= 2 * more.size() + 64 + bookkeeping);
  }
}

TEST_CASE("what is received into a session's room is not copied, and can be sent on from there") {
  Session server(Role::Server, defaults);
  const std::string text = [] {
    std::string made(1'000'000, ' ');
    for (std::size_t i = 0; i < made.size(); ++i) made[i] = static_cast<char>('a' + i % 23);
    return made;
  }();
  for (int round = 0; round < 2; ++round) {
    std::string wire = wire::encode(wire::Frame{0x81, text}, Role::Server);
    std::string beginning = wire.substr(0, 20'000);
    MutableBytes input = writable(beginning).first(100);
    CHECK_FALSE(server.next(input));
    // Too little has come for that.
    CHECK_FALSE(server.wantsRoom());
    CHECK(server.room().empty());
    input = writable(beginning).subspan(100);
    CHECK_FALSE(server.next(input));
    std::size_t at = beginning.size();
    Event event;
    while (server.wantsRoom()) {
      const MutableBytes room = server.room();
      REQUIRE_FALSE(room.empty());
      // The end of the frame is the end of its room.
      REQUIRE(room.size() <= wire.size() - at);
      const std::size_t some = std::min<std::size_t>(room.size(), 300'000);
      std::copy_n(writable(wire).begin() + static_cast<std::ptrdiff_t>(at), some, room.begin());
      at += some;
      input = room.first(some);
      event = server.next(input);
      CHECK(input.empty());
      if (event) CHECK(event.payload.data() + event.payload.size() == room.data() + some);
    }
    if (!event) {
      input = writable(wire).subspan(at);
      event = server.next(input);
    }
    REQUIRE(event.type == Event::Type::Text);
    CHECK((asText(event.payload) == text));

    const auto shared = server.share(event.payload.subspan(10, 5000));
    REQUIRE(shared);
    CHECK(shared->bytes().data() == event.payload.data());
    CHECK(server.share(event.payload).get() == shared.get());
    CHECK_FALSE(server.share(asBytes(text)));
    input = {};
    CHECK_FALSE(server.next(input));
    CHECK((asText(shared->bytes()) == text));
    CHECK_FALSE(server.insideMessage());
  }
  std::string small = wire::encode(wire::Frame{0x81, "whole"}, Role::Server);
  MutableBytes input = writable(small);
  const Event event = server.next(input);
  CHECK(asText(event.payload) == "whole");
  CHECK_FALSE(server.share(event.payload));
}

TEST_CASE("empty fragments take no memory of their own") {
  std::string wire = wire::encodeAll({{0x01}, {0x00}, {0x00}, {0x80}}, Role::Server);
  const std::size_t before = allocations;
  const std::size_t bytesBefore = allocatedBytes;
  Session server(Role::Server, defaults);
  MutableBytes input = writable(wire);
  CHECK(server.next(input).type == Event::Type::Text);
  CHECK(allocations - before <= 1);
  CHECK(allocatedBytes - bytesBefore <= bookkeeping);
}

TEST_CASE("an idle session is small, and has given back what a message in pieces took") {
  CHECK(sizeof(Session) <= 24);
  const std::vector<std::vector<wire::Frame>> messages{{{0x81, "whole"}},
                                                       {{0x01, "one "}, {0x89, "ping"}, {0x80, "two"}},
                                                       {{0x89, std::string(125, 'p')}},
                                                       {{0x82, std::string(70'000, 'x')}}};
  for (const Role role : {Role::Server, Role::Client}) {
    Session session(role, defaults);
    for (const auto& frames : messages) {
      const std::string wire = wire::encodeAll(frames, role);
      for (const std::size_t size : {std::size_t{1}, std::size_t{5}, wire.size()}) {
        std::string copy = wire;
        const std::size_t live = allocations - freed;
        int events = 0;
        for (std::size_t at = 0; at < copy.size(); at += size) {
          MutableBytes input = writable(copy).subspan(at, std::min(size, copy.size() - at));
          while (session.next(input)) ++events;
        }
        CHECK(events == (frames.size() == 3 ? 2 : 1));
        CHECK(allocations - freed == live);
        CHECK_FALSE(session.insideMessage());
      }
    }
  }
}

TEST_CASE("many small fragments take time and memory in proportion") {
  std::vector<wire::Frame> frames(4095, wire::Frame{0x00, "x"});
  frames.front().first = 0x02;
  frames.push_back({0x80, "x"});
  std::string wire = wire::encodeAll(frames, Role::Server);
  Session server(Role::Server, defaults);
  const std::size_t before = allocations;
  MutableBytes input = writable(wire);
  CHECK(server.next(input).payload.size() == 4096);
  CHECK(allocations - before <= 14);
}

TEST_CASE("a session lives through more whole messages than a message may have fragments") {
  const SessionLimits narrow{.maxMessageSize = 100, .maxFragments = 2};
  Session server(Role::Server, narrow);
  for (int i = 0; i < 1000; ++i) {
    std::string wire = wire::encodeAll({{0x81, "a"}, {0x01, "b"}, {0x80, "c"}}, Role::Server);
    MutableBytes input = writable(wire);
    REQUIRE(asText(server.next(input).payload) == "a");
    REQUIRE(asText(server.next(input).payload) == "bc");
    REQUIRE_FALSE(server.next(input));
  }
}

TEST_CASE("a session moves in the middle of a frame") {
  std::string wire = wire::encodeAll({{0x01, "one "}, {0x89, "ping"}, {0x80, "two"}}, Role::Server);
  for (std::size_t cut = 0; cut < wire.size(); ++cut) {
    std::string copy = wire;
    Session first(Role::Server, defaults);
    MutableBytes input = writable(copy).first(cut);
    std::string seen;
    while (const Event event = first.next(input)) seen += asText(event.payload);
    Session second = std::move(first);
    input = writable(copy).subspan(cut);
    while (const Event event = second.next(input)) seen += asText(event.payload);
    REQUIRE(seen == "pingone two");
  }
}
