#pragma once

#include <cstddef>
#include <cstdint>

#include <duplex/error.h>

#include "base/bytes.h"
#include "protocol/inflate_engines.h"
#include "protocol/inflate_window.h"
#include "protocol/scratch.h"

namespace duplex::protocol {

/// Undoes the compression of messages (RFC 7692 §7.2.2). One serves all connections of a thread: it keeps
/// nothing from one message to the next; what does is an `InflateWindow`. It takes memory at the first
/// message.
class Inflater {
 public:
  struct Result {
    /// MessageTooBig, InvalidCompression.
    Errc error{};
    /// Valid until the next call.
    MutableBytes message{};
  };

  /// `payload`: of a compressed message, all of its frames. A message of more than `limit` bytes is found
  /// out while it is inflated; no more than one byte beyond them is. With a `window`, for context
  /// takeover, the message may refer to what is in it, and is put into it.
  Result inflate(Bytes payload, std::size_t limit, InflateWindow* window = nullptr) {
    return inflate(payload, limit, window, payload.size() < largePayload ? Engine::Zlib : Engine::Isal);
  }

  /// Of what is DEFLATE the result is the same by either; only the time is not. Of what zlib refuses ISA-L
  /// takes codes that leave bits unused.
  enum class Engine : std::uint8_t { Zlib, Isal };
  Result inflate(Bytes payload, std::size_t limit, InflateWindow* window, Engine engine);

  /// From so many compressed bytes on ISA-L is faster than zlib.
  static constexpr std::size_t largePayload = 400;

 private:
  Result inflate(Bytes payload, std::size_t limit, Bytes history, Engine engine);
  template <class Stream, class StartAgain>
  Result run(Stream& stream, Bytes payload, std::size_t limit, StartAgain&& startAgain);

  ZlibInflate zlib_;
  IsalInflate isal_;
  Scratch scratch_;
};

}  // namespace duplex::protocol
