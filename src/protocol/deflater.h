#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/large_blocks.h"
#include "protocol/scratch.h"

struct isal_zstream;

namespace duplex::protocol {

/// Compresses messages (RFC 7692 §7.2.1) by ISA-L. It takes its memory at the first one; where messages may
/// refer to those before them, a third more at the first that is not short, which refers to none before it.
class Deflater {
 public:
  /// What a message may refer to: only to itself, or to those before it, for context takeover.
  enum class History : std::uint8_t { None, Kept };

  explicit Deflater(History history) noexcept : history_(history) {}
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;
  ~Deflater() { release(); }

  /// Compresses `message`, which is not empty, with a window of 2^`windowBits` bytes into `out`; returns
  /// what is to be sent.
  Bytes deflate(Bytes message, int windowBits, Scratch& out);
  /// The next message refers to none before it.
  void forget() noexcept { fresh_ = true; }
  /// Gives its memory back, and forgets.
  void release() noexcept;
  /// Bytes of memory beside its own.
  std::size_t memory() const noexcept { return block_.size; }

 private:
  void prepare(std::size_t size);
  void allocate(bool fixed);

  const History history_;
  LargeBlock block_{};
  isal_zstream* stream_ = nullptr;
  bool fresh_ = true;
};

}  // namespace duplex::protocol
