#pragma once

#include <cstdint>
#include <memory>

#include "base/bytes.h"

struct z_stream_s;
struct inflate_state;

namespace duplex::protocol {

/// How far an engine came.
enum class Inflated : std::uint8_t {
  More,     ///< the input is used up, or the room is
  End,      ///< a block that says it is the last has ended; what is left of the input is behind it
  Corrupt,  ///< this is no DEFLATE
};

/// zlib's inflate. Lazy: it takes its memory, some 40 KB, at the first `start`.
class ZlibInflate {
 public:
  ZlibInflate() noexcept;
  ZlibInflate(const ZlibInflate&) = delete;
  ZlibInflate& operator=(const ZlibInflate&) = delete;
  ~ZlibInflate();

  /// Begins a stream that may refer to `history`, at most 32 KiB.
  void start(Bytes history);
  /// Takes bytes off the front of `input` and fills `room` from its front, as far as it comes.
  Inflated run(Bytes& input, MutableBytes& room);
  /// Whether all that came is whole blocks, of which the last is not the last of the stream.
  bool betweenBlocks() const noexcept { return betweenBlocks_; }

 private:
  std::unique_ptr<z_stream_s> stream_;
  bool betweenBlocks_ = false;
};

/// The same by ISA-L, which takes some 90 KB.
class IsalInflate {
 public:
  IsalInflate() noexcept;
  IsalInflate(const IsalInflate&) = delete;
  IsalInflate& operator=(const IsalInflate&) = delete;
  ~IsalInflate();

  void start(Bytes history);
  Inflated run(Bytes& input, MutableBytes& room);
  bool betweenBlocks() const noexcept;

 private:
  std::unique_ptr<inflate_state> state_;
};

}  // namespace duplex::protocol
