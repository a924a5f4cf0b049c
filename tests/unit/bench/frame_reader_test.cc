#include "bench/frame_reader.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

using duplex::Bytes;
using duplex::Errc;
using duplex::bench::Found;
using duplex::bench::FramePool;
using duplex::bench::FrameReader;
using duplex::protocol::Opcode;

namespace {

using Buffer = std::vector<std::byte>;

/// The payloads of `count` frames of the pool from `first` on, as a server reads them.
std::vector<Buffer> payloads(const FramePool& pool, std::size_t first, std::size_t count) {
  duplex::OutputQueue queue;
  pool.write(queue, first, count);
  Buffer wire;
  while (!queue.empty()) {
    iovec piece[1];
    queue.gather(piece);
    const auto* from = static_cast<const std::byte*>(piece[0].iov_base);
    wire.insert(wire.end(), from, from + piece[0].iov_len);
    queue.consume(piece[0].iov_len);
  }
  std::vector<Buffer> found;
  Bytes rest = wire;
  while (!rest.empty()) {
    const auto decoded = duplex::protocol::decodeHeader(rest);
    REQUIRE(decoded.size > 0);
    REQUIRE(decoded.header.masked);
    REQUIRE(decoded.header.length == pool.size());
    Buffer payload(pool.size());
    for (std::size_t i = 0; i < payload.size(); ++i) {
      payload[i] = rest[decoded.size + i] ^ decoded.header.mask[i % 4];
    }
    found.push_back(std::move(payload));
    rest = rest.subspan(decoded.size + pool.size());
  }
  return found;
}

void appendFrame(Buffer& wire, Opcode opcode, Bytes payload, bool fin = true) {
  std::byte header[duplex::protocol::maxHeaderSize];
  const std::size_t size =
      duplex::protocol::encodeHeader({.fin = fin, .opcode = opcode, .length = payload.size()}, header);
  wire.insert(wire.end(), header, header + size);
  wire.insert(wire.end(), payload.begin(), payload.end());
}

/// All that is found in `wire`, given in pieces of `step` bytes.
struct Sum {
  std::size_t messages = 0, missing = 0, strange = 0;
  std::string controls;
  Errc error{};
};
Sum readAll(FrameReader& reader, const FramePool& pool, Bytes wire, std::size_t step) {
  Sum sum;
  while (!wire.empty() && sum.error == Errc{}) {
    Bytes piece = wire.first(std::min(step, wire.size()));
    wire = wire.subspan(piece.size());
    while (!piece.empty() && sum.error == Errc{}) {
      const Found found = reader.read(piece, pool);
      sum.messages += found.messages;
      sum.missing += found.missing;
      sum.strange += found.strange;
      sum.error = found.error;
      if (found.control) {
        sum.controls += static_cast<char>('0' + static_cast<int>(*found.control));
        sum.controls += duplex::asText(found.controlPayload);
      }
    }
  }
  return sum;
}

Sum readNew(const FramePool& pool, Bytes wire, std::size_t step = 1 << 20) {
  FrameReader reader;
  return readAll(reader, pool, wire, step);
}

}  // namespace

TEST_CASE("what is sent back is found, whole and byte by byte") {
  for (const std::size_t size : {0, 1, 2, 7, 8, 20, 125, 126, 5000, 65'535, 65'536, 300'000}) {
    CAPTURE(size);
    const FramePool pool(size, false);
    const std::size_t count = std::min<std::size_t>(pool.count() + 3, 70);
    Buffer wire;
    for (const Buffer& payload : payloads(pool, 0, count)) appendFrame(wire, Opcode::Binary, payload);
    for (const std::size_t step : {std::size_t{1} << 20, std::size_t{1000}, std::size_t{1}}) {
      if (step == 1 && size > 65'536) continue;
      CAPTURE(step);
      const Sum sum = readNew(pool, wire, step);
      CHECK(sum.messages == count);
      CHECK(sum.missing + sum.strange == 0);
      CHECK(sum.error == Errc{});
    }
  }
}

TEST_CASE("frames of the pool have masks of their own, and text is text") {
  const FramePool pool(20, true);
  CHECK(pool.opcode() == Opcode::Text);
  std::vector<Buffer> seen = payloads(pool, 0, pool.count());
  for (const Buffer& payload : seen) {
    for (const std::byte byte : payload) CHECK((byte > std::byte{' '} && byte < std::byte{0x7F}));
  }
  std::sort(seen.begin(), seen.end());
  CHECK(std::unique(seen.begin(), seen.end()) == seen.end());
}

TEST_CASE("a message in fragments is one, with control frames between them") {
  const FramePool pool(20, false);
  const Buffer payload = payloads(pool, 0, 1).front();
  const Bytes bytes(payload);
  Buffer wire;
  appendFrame(wire, Opcode::Binary, bytes.first(3), false);
  appendFrame(wire, Opcode::Ping, duplex::asBytes("p1"));
  appendFrame(wire, Opcode::Continuation, {}, false);
  appendFrame(wire, Opcode::Continuation, bytes.subspan(3, 10), false);
  appendFrame(wire, Opcode::Pong, {});
  appendFrame(wire, Opcode::Continuation, bytes.subspan(13));
  appendFrame(wire, Opcode::Close, duplex::asBytes("xy"));
  for (const std::size_t step : {100, 7, 1}) {
    CAPTURE(step);
    const Sum sum = readNew(pool, wire, step);
    CHECK(sum.messages == 1);
    CHECK(sum.strange == 0);
    CHECK(sum.controls == "9p1:8xy");
  }
}

TEST_CASE("what was not sent is strange, and what comes after it is still known") {
  const FramePool pool(20, false);
  const auto good = payloads(pool, 0, 3);
  Buffer changed = good[1];
  changed[3] ^= std::byte{1};
  Buffer wire;
  appendFrame(wire, Opcode::Binary, good[0]);
  appendFrame(wire, Opcode::Binary, good[0]);                   // again
  appendFrame(wire, Opcode::Binary, changed);                   // another stamp
  appendFrame(wire, Opcode::Binary, Bytes(good[1]).first(19));  // another length
  appendFrame(wire, Opcode::Text, good[1]);                     // another type
  appendFrame(wire, Opcode::Binary, good[1]);
  for (const std::size_t step : {1000, 1}) {
    CAPTURE(step);
    const Sum sum = readNew(pool, wire, step);
    CHECK(sum.messages == 2);
    CHECK(sum.strange == 4);
    CHECK(sum.missing == 0);
  }
}

TEST_CASE("messages that were passed over are counted") {
  const FramePool pool(20, false);
  const auto good = payloads(pool, 0, 10);
  Buffer wire;
  for (const std::size_t index : {0u, 1u, 5u, 6u}) appendFrame(wire, Opcode::Binary, good[index]);
  const Sum sum = readNew(pool, wire);
  CHECK(sum.messages == 4);
  CHECK(sum.missing == 3);
  CHECK(sum.strange == 0);
}

TEST_CASE("broken rules of RFC 6455 are told") {
  const FramePool pool(20, false);
  const Buffer payload = payloads(pool, 0, 1).front();
  const auto errorOf = [&](std::initializer_list<unsigned> bytes) {
    Buffer wire;
    appendFrame(wire, Opcode::Binary, payload);
    for (const unsigned byte : bytes) wire.push_back(static_cast<std::byte>(byte));
    const Sum sum = readNew(pool, wire);
    CHECK(sum.messages == 1);
    CHECK(readNew(pool, wire, 1).error == sum.error);
    return sum.error;
  };
  CHECK(errorOf({0xC2, 0x00}) == Errc::ReservedBit);
  CHECK(errorOf({0x83, 0x00}) == Errc::ReservedOpcode);
  CHECK(errorOf({0x82, 0x80, 1, 2, 3, 4}) == Errc::MaskForbidden);
  CHECK(errorOf({0x09, 0x00}) == Errc::ControlFragmented);
  CHECK(errorOf({0x89, 126, 0, 126}) == Errc::ControlTooLong);
  CHECK(errorOf({0x80, 0x00}) == Errc::UnexpectedContinuation);
  CHECK(errorOf({0x02, 0x00, 0x82, 0x00}) == Errc::ExpectedContinuation);
  CHECK(errorOf({0x82, 126, 0, 20}) == Errc::LengthNotMinimal);
}

TEST_CASE("a reader begins where it is told, and forgets what was incomplete") {
  const FramePool pool(20, false);
  Buffer wire;
  for (const Buffer& payload : payloads(pool, 5, 2)) appendFrame(wire, Opcode::Binary, payload);
  FrameReader reader;
  reader.expect(5);
  CHECK(readAll(reader, pool, Bytes(wire).first(wire.size() - 1), 1000).messages == 1);
  reader.reset();
  reader.expect(5);
  CHECK(readAll(reader, pool, wire, 1000).messages == 2);
}
