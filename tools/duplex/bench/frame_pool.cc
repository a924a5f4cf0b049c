#include "bench/frame_pool.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string_view>

#include "base/random.h"
#include "protocol/mask.h"

namespace duplex::bench {
namespace {

// Enough frames for different masks, few enough to stay in a cache of the processor.
constexpr std::size_t mostFrames = 1024;
constexpr std::size_t fewestFrames = 4;
constexpr std::size_t bytesInPool = 512 * 1024;
// From here on a reference is cheaper than a copy.
constexpr std::size_t longFrame = 2048;

constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::size_t countFor(std::size_t frameSize, std::size_t stampSize) {
  const std::size_t fitting = std::bit_floor(std::clamp(bytesInPool / frameSize, fewestFrames, mostFrames));
  return stampSize == 1 ? std::min(fitting, digits.size()) : fitting;
}

}  // namespace

FramePool::FramePool(std::size_t size, bool text)
    : size_(size),
      opcode_(text ? protocol::Opcode::Text : protocol::Opcode::Binary),
      frameSize_(protocol::headerSize(size, true) + size),
      stampSize_(std::min(size, maxStampSize)) {
  count_ = countFor(frameSize_, stampSize_);
  replyHeaderSize_ = protocol::encodeHeader({.opcode = opcode_, .length = size}, replyHeader_.data());

  std::vector<std::byte> payload(size);
  for (std::size_t i = 0; i < count_; ++i) {
    fill(i, payload);
    stamps_.push_back(readStamp(payload.data()));
    protocol::FrameHeader header{.opcode = opcode_, .masked = true, .length = size};
    randomBytes(header.mask);
    MutableBytes frame;
    if (frameSize_ >= longFrame) {
      longFrames_.push_back(Ref<SharedBytes>::adopt(new SharedBytes(frameSize_)));
      frame = longFrames_.back()->writable();
    } else {
      frames_.resize(frames_.size() + frameSize_);
      frame = MutableBytes(frames_).last(frameSize_);
    }
    protocol::encodeHeader(header, frame.data());
    protocol::copyMasked(payload, frame.last(size).data(), header.mask);
  }
}

void FramePool::fill(std::size_t index, MutableBytes payload) const noexcept {
  for (std::size_t i = 0; i < payload.size(); ++i) {
    const std::size_t digit =
        i < stampSize_ ? index >> (6 * i) & (digits.size() - 1) : (i * 7 + index) % digits.size();
    payload[i] = static_cast<std::byte>(digits[digit]);
  }
}

std::optional<std::size_t> FramePool::indexOf(std::uint64_t stamp) const noexcept {
  const auto found = std::find(stamps_.begin(), stamps_.end(), stamp);
  if (found == stamps_.end()) return std::nullopt;
  return static_cast<std::size_t>(found - stamps_.begin());
}

void FramePool::write(OutputQueue& output, std::size_t first, std::size_t messages) const {
  if (!longFrames_.empty()) {
    for (; messages > 0; --messages, first = next(first)) output.append(longFrames_[first]);
    return;
  }
  while (messages > 0) {
    const std::size_t run = std::min(messages, count_ - first);
    output.append(Bytes(frames_).subspan(first * frameSize_, run * frameSize_));
    first = next(first, run);
    messages -= run;
  }
}

}  // namespace duplex::bench
