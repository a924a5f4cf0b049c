#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace floorServer {

/// Turns a client's frames (RFC 6455 §5) into a server's of the same payload: into an output of the
/// caller's, or in place. An unmasked frame is four bytes shorter, so there what is kept moves together
/// behind the first four bytes.
class FrameRewriter {
 public:
  enum class Found : std::uint8_t { Message, Ping, Pong, Close, Partial, Violation };

  /// `output` has room for as many bytes as `input`; null: in place.
  FrameRewriter(std::span<std::byte> input, std::byte* output) noexcept;

  /// Rewrites the next frame. After `Partial` and `Violation` there is none. A ping becomes its pong.
  Found next() noexcept;
  /// What `next` has made; valid until the next call, unless it is kept.
  std::span<const std::byte> frame() const noexcept { return {kept_, frameEnd_}; }
  /// Adds `frame` to `answer`.
  void keep() noexcept { kept_ = frameEnd_; }

  /// All that was kept, in one piece.
  std::span<const std::byte> answer() const noexcept { return {begin_, kept_}; }
  /// The partial frame at the end of the input.
  std::span<const std::byte> left() const noexcept { return {in_, end_}; }
  /// The size of that frame; 0 while its header is not there.
  std::size_t frameSize() const noexcept { return frameSize_; }

 private:
  std::byte* in_;
  std::byte* end_;
  std::byte* begin_;
  std::byte* kept_;
  std::byte* frameEnd_;
  std::size_t frameSize_ = 0;
};

/// Writes `size` bytes from `from`, unmasked, to `to`, which is `from` or lies before it.
void unmask(std::byte* to, const std::byte* from, std::size_t size, std::uint32_t key) noexcept;

}  // namespace floorServer
