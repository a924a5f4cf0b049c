#include "bench/frame_reader.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace duplex::bench {

struct FrameReader::Partial {
  std::array<std::byte, protocol::maxHeaderSize> header;
  std::size_t headerSize = 0;
  /// The frame whose payload is read, and how much of it is to come.
  protocol::FrameHeader frame;
  std::uint64_t left = 0;
  bool inFrame = false;
  /// Of the message, over all its frames.
  bool inMessage = false;
  protocol::Opcode opcode{};
  std::uint64_t length = 0;
  std::array<std::byte, FramePool::maxStampSize> stamp;
  std::array<std::byte, protocol::maxControlPayload> control;
  std::size_t controlSize = 0;

  void take(Bytes payload) noexcept {
    if (isControl(frame.opcode)) {
      std::copy(payload.begin(), payload.end(), control.data() + controlSize);
      controlSize += payload.size();
      return;
    }
    if (length < stamp.size()) {
      const std::size_t size = std::min<std::size_t>(stamp.size() - length, payload.size());
      std::copy_n(payload.begin(), size, stamp.data() + length);
    }
    length += payload.size();
  }
};

void FrameReader::Deleter::operator()(Partial* partial) const noexcept {
  delete partial;
}

namespace {

/// Whether a frame at `at`, of which there are at least as many bytes, begins with `header`: 2, 4 or
/// 10 bytes.
bool beginsWith(const std::byte* at, Bytes header) noexcept {
  if (std::memcmp(at, header.data(), 2) != 0) return false;
  if (header.size() == 4) return std::memcmp(at + 2, header.data() + 2, 2) == 0;
  return header.size() == 2 || std::memcmp(at + 2, header.data() + 2, 8) == 0;
}

/// What RFC 6455 §5.1–5.5 says of a frame from a server, without extensions.
Errc brokenRule(const protocol::FrameHeader& header, bool inMessage) noexcept {
  if (header.rsv != 0) return Errc::ReservedBit;
  if (!isKnown(header.opcode)) return Errc::ReservedOpcode;
  if (header.masked) return Errc::MaskForbidden;
  if (isControl(header.opcode)) {
    if (!header.fin) return Errc::ControlFragmented;
    return header.length > protocol::maxControlPayload ? Errc::ControlTooLong : Errc{};
  }
  if (header.opcode == protocol::Opcode::Continuation) {
    return inMessage ? Errc{} : Errc::UnexpectedContinuation;
  }
  return inMessage ? Errc::ExpectedContinuation : Errc{};
}

}  // namespace

void FrameReader::reset() noexcept {
  inPieces_ = false;
  if (partial_) *partial_ = Partial();
}

Found FrameReader::read(Bytes& bytes, const FramePool& pool) {
  Found found;
  while (!bytes.empty()) {
    if (!inPieces_) readWhole(bytes, pool, found);
    if (bytes.empty()) break;
    if (!partial_) partial_.reset(new Partial);
    if (!readPiece(bytes, pool, found)) break;
  }
  return found;
}

void FrameReader::readWhole(Bytes& bytes, const FramePool& pool, Found& found) noexcept {
  const Bytes header = pool.replyHeader();
  const std::size_t frame = header.size() + pool.size();
  const std::byte* at = bytes.data();
  const std::byte* const end = at + bytes.size();
  while (static_cast<std::size_t>(end - at) >= frame && beginsWith(at, header)) {
    judge(pool.readStamp(at + header.size()), pool, found);
    at += frame;
  }
  bytes = {at, end};
}

void FrameReader::judge(std::uint64_t stamp, const FramePool& pool, Found& found) noexcept {
  if (stamp == pool.stamp(expected_)) {
    expected_ = pool.next(expected_);
    ++found.messages;
    return;
  }
  const auto index = pool.indexOf(stamp);
  const std::size_t ahead = index ? pool.next(*index, pool.count() - expected_) : pool.count();
  if (ahead > pool.count() / 2) {
    ++found.strange;
    return;
  }
  found.missing += ahead;
  ++found.messages;
  expected_ = pool.next(*index);
}

bool FrameReader::readHeader(Bytes& bytes, Found& found) {
  Partial& partial = *partial_;
  const std::size_t size = std::min(bytes.size(), partial.header.size() - partial.headerSize);
  std::copy_n(bytes.begin(), size, partial.header.data() + partial.headerSize);
  const protocol::DecodedHeader decoded =
      protocol::decodeHeader(Bytes(partial.header).first(partial.headerSize + size));
  found.error = decoded.error;
  if (found.error != Errc{}) return false;
  if (decoded.size == 0) {
    partial.headerSize += size;
    bytes = bytes.subspan(size);
    return true;
  }
  bytes = bytes.subspan(decoded.size - partial.headerSize);
  partial.headerSize = 0;
  found.error = brokenRule(decoded.header, partial.inMessage);
  if (found.error != Errc{}) return false;

  partial.frame = decoded.header;
  partial.left = decoded.header.length;
  partial.inFrame = true;
  if (isControl(partial.frame.opcode)) {
    partial.controlSize = 0;
  } else if (!partial.inMessage) {
    partial.inMessage = true;
    partial.opcode = partial.frame.opcode;
    partial.length = 0;
    partial.stamp.fill(std::byte{});
  }
  return true;
}

/// Goes on with a frame that is not, or not wholly, what `readWhole` knows. False: it stopped.
bool FrameReader::readPiece(Bytes& bytes, const FramePool& pool, Found& found) {
  Partial& partial = *partial_;
  inPieces_ = true;
  if (!partial.inFrame && !readHeader(bytes, found)) return false;
  if (!partial.inFrame) return true;

  const std::size_t size = static_cast<std::size_t>(std::min<std::uint64_t>(partial.left, bytes.size()));
  partial.take(bytes.first(size));
  partial.left -= size;
  bytes = bytes.subspan(size);
  if (partial.left > 0) return true;

  partial.inFrame = false;
  inPieces_ = partial.inMessage;
  if (isControl(partial.frame.opcode)) {
    found.control = partial.frame.opcode;
    found.controlPayload = Bytes(partial.control).first(partial.controlSize);
    return false;
  }
  if (!partial.frame.fin) return true;
  partial.inMessage = inPieces_ = false;
  if (partial.opcode == pool.opcode() && partial.length == pool.size()) {
    judge(pool.readStamp(partial.stamp.data()), pool, found);
  } else {
    ++found.strange;
  }
  return true;
}

}  // namespace duplex::bench
