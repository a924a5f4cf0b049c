#pragma once

#include <cstddef>
#include <vector>

#include "base/bytes.h"
#include "protocol/inflate_engines.h"

namespace duplex::protocol {

/// The last of what has been inflated, which what comes may refer to (RFC 1951 §2, RFC 7692 §7.2.2).
///
/// It lies in a buffer of at most one and a half windows, and at first of twice what has arrived, from which
/// an inflater that serves many copies it for each message. Where messages are short that costs more than to
/// inflate them: then it lies in a stream of zlib's of its own, of 40 KB, which goes on from message to
/// message.
class InflateWindow {
 public:
  /// Of 2^`bits` bytes.
  explicit InflateWindow(int bits) noexcept : size_(std::size_t{1} << bits) {}

  /// At most as many as the window has; from now on they lie in the buffer. Valid until any other call.
  Bytes bytes();
  void append(Bytes inflated);
  /// The stream, in which they lie from now on. Null if they are few, or messages have been long, or the
  /// window is smaller than zlib's.
  ZlibInflate* stream();
  bool inStream() const noexcept { return stream_.started(); }
  /// Forgets all.
  void clear() noexcept;

  /// Gives back what can be done without.
  void trim();
  /// Bytes of memory beside its own.
  std::size_t memory() const noexcept { return buffer_.capacity() + stream_.memory(); }

 private:
  std::size_t most() const noexcept { return size_ + size_ / 2; }
  void leaveStream(std::size_t room);
  void keep(std::size_t size);

  std::size_t size_;
  // That were appended one after the other.
  std::size_t shortMessages_ = 0;
  // One of the two.
  std::vector<std::byte> buffer_;
  ZlibInflate stream_;
};

}  // namespace duplex::protocol
