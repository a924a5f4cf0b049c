#pragma once

#include <cstddef>
#include <cstdint>

namespace duplex {

/// Compression of messages by permessage-deflate (RFC 7692): what a route agrees to, or what a client
/// offers. Both sides have to want it; `WebSocket::extensions` tells what they agreed on.
struct Compression {
  enum Mode : std::uint8_t {
    Off,  ///< neither offered nor agreed to
    /// Each message is compressed by itself. Costs a connection no memory.
    Shared,
    /// Messages refer to those before them, which makes small ones that are alike much smaller. A
    /// connection takes up to 170 KB, 130 if it sends none of more than 256 bytes, most of them from its
    /// first compressed message until it has sent and received nothing compressed for ten seconds.
    Dedicated,
  };
  Mode mode = Off;
  /// Messages of fewer bytes are sent as they are.
  std::size_t threshold = 256;
  /// The largest window, 2^8 to 2^15 bytes: of what this side sends, and of what the peer sends. The smaller,
  /// the less memory the reader needs, and the less is found to refer to. A server gets the latter only from
  /// a client that lets itself be told, as browsers do.
  int windowBits = 15;
  int peerWindowBits = 15;
};

}  // namespace duplex
