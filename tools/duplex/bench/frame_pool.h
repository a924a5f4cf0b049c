#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/output_queue.h"
#include "base/ref.h"
#include "base/shared_bytes.h"
#include "protocol/frame.h"

namespace duplex::bench {

/// The messages of a run as frames that are masked already, each with a mask of its own, which lie one
/// behind the other and are sent in a circle. A message begins with its number in the circle, in
/// printable digits, as many as there is room for: its stamp.
class FramePool {
 public:
  FramePool(std::size_t size, bool text);

  /// Payload bytes of each message.
  std::size_t size() const noexcept { return size_; }
  /// Frames in the circle; a power of two.
  std::size_t count() const noexcept { return count_; }
  std::size_t next(std::size_t index, std::size_t steps = 1) const noexcept {
    return (index + steps) & (count_ - 1);
  }

  /// Appends `messages` frames from number `first` on.
  void write(OutputQueue& output, std::size_t first, std::size_t messages) const;

  /// The header of the frame with which a server sends one of these back, in one piece.
  Bytes replyHeader() const noexcept { return {replyHeader_.data(), replyHeaderSize_}; }
  protocol::Opcode opcode() const noexcept { return opcode_; }

  static constexpr std::size_t maxStampSize = 8;
  std::size_t stampSize() const noexcept { return stampSize_; }
  /// The stamp of message `index`, as the first bytes of a word.
  std::uint64_t stamp(std::size_t index) const noexcept { return stamps_[index]; }
  /// The word that begins with the `stampSize` bytes at `payload`, and is 0 behind them.
  std::uint64_t readStamp(const std::byte* payload) const noexcept {
    std::uint64_t word = 0;
    if (stampSize_ == sizeof word) {
      std::memcpy(&word, payload, sizeof word);
    } else if (stampSize_ != 0) {
      std::memcpy(&word, payload, stampSize_);
    }
    return word;
  }
  /// Which message has this stamp; none, if none has.
  std::optional<std::size_t> indexOf(std::uint64_t stamp) const noexcept;

 private:
  void fill(std::size_t index, MutableBytes payload) const noexcept;

  std::size_t size_;
  protocol::Opcode opcode_;
  std::size_t count_;
  std::size_t frameSize_;
  std::size_t stampSize_;
  std::vector<std::uint64_t> stamps_;
  std::array<std::byte, protocol::maxHeaderSize> replyHeader_{};
  std::size_t replyHeaderSize_ = 0;
  // Short frames are copied, as many at once as there are; long ones are referred to.
  std::vector<std::byte> frames_;
  std::vector<Ref<SharedBytes>> longFrames_;
};

}  // namespace duplex::bench
