#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/bytes.h"

struct z_stream_s;
struct inflate_state;

namespace duplex::protocol {

/// The furthest that anything can refer back (RFC 1951 §2).
inline constexpr std::size_t largestWindow = 32 * 1024;

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

  /// Begins a stream that may refer to `history`, no longer than the largest window. Throws std::bad_alloc.
  void start(Bytes history);
  bool started() const noexcept { return stream_ != nullptr; }
  /// Takes bytes off the front of `input` and fills `room` from its front, as far as it comes.
  Inflated run(Bytes& input, MutableBytes& room);
  /// Whether all that came is whole blocks, of which the last is not the last of the stream.
  bool betweenBlocks() const noexcept { return betweenBlocks_; }
  /// Whether a block has ended that says it is the last of the stream.
  bool ended() const noexcept { return ended_; }
  /// Puts what comes may refer to in place of `bytes`; of one that is started. Throws std::bad_alloc.
  void history(std::vector<std::byte>& bytes) const;
  /// Gives its memory back.
  void release() noexcept;
  /// Bytes of memory beside its own.
  std::size_t memory() const noexcept { return memory_; }

 private:
  static void* allocate(void* self, unsigned count, unsigned size) noexcept;
  static void free(void* self, void* memory) noexcept;

  std::unique_ptr<z_stream_s> stream_;
  std::size_t memory_ = 0;
  bool betweenBlocks_ = false;
  bool ended_ = false;
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
