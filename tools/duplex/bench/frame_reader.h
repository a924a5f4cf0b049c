#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include <duplex/error.h>

#include "base/bytes.h"
#include "bench/frame_pool.h"
#include "protocol/opcode.h"

namespace duplex::bench {

/// What `FrameReader::read` found up to where it stopped.
struct Found {
  /// Messages that were expected: of the pool, in order.
  std::size_t messages = 0;
  /// Messages of the pool that were passed over.
  std::size_t missing = 0;
  /// Messages of another kind, length or stamp, and such as have come before.
  std::size_t strange = 0;
  /// A control frame ended here; its payload lives until the next call.
  std::optional<protocol::Opcode> control;
  Bytes controlPayload;
  /// A broken rule of RFC 6455 §5; there is no going on.
  Errc error{};
};

/// Reads what a server sends to one connection. Of a message that comes in one piece it looks at the
/// header and the stamp alone; the rest of the payload is passed over.
class FrameReader {
 public:
  /// Reads on from the start of `bytes`, and leaves of them what lies behind the control frame or the
  /// error that it stopped at.
  Found read(Bytes& bytes, const FramePool& pool);
  /// The number in the pool of the message that is to come next.
  void expect(std::size_t index) noexcept { expected_ = index; }
  std::size_t expected() const noexcept { return expected_; }
  /// Forgets what is incomplete, for another connection.
  void reset() noexcept;

 private:
  struct Partial;
  struct Deleter {
    void operator()(Partial* partial) const noexcept;
  };

  void readWhole(Bytes& bytes, const FramePool& pool, Found& found) noexcept;
  bool readPiece(Bytes& bytes, const FramePool& pool, Found& found);
  bool readHeader(Bytes& bytes, Found& found);
  void judge(std::uint64_t stamp, const FramePool& pool, Found& found) noexcept;

  std::size_t expected_ = 0;
  bool inPieces_ = false;
  // Made by the first message that comes in pieces, or the first control frame.
  std::unique_ptr<Partial, Deleter> partial_;
};

}  // namespace duplex::bench
