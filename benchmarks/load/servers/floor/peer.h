#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace floorServer {

/// Memory of one connection's own, for what is not complete.
struct Buffer {
  std::unique_ptr<std::byte[]> bytes;
  std::size_t size = 0;
  std::size_t capacity = 0;

  std::span<std::byte> space() noexcept { return {bytes.get() + size, capacity - size}; }
  void append(std::span<const std::byte> more);
};

/// Has the allocator keep what is freed: large messages would else cost page faults, over and over.
void keepMemory() noexcept;

/// What is to be sent to a connection after bytes came from it.
struct Answer {
  /// Lies in the input, in `owner`, or is constant.
  std::span<const std::byte> bytes;
  /// Keeps `bytes` alive where they were the connection's own.
  std::unique_ptr<std::byte[]> owner;
  /// Nothing more is to be sent or read.
  bool ends = false;
};

/// The part of a connection that knows no sockets: HTTP until the upgrade, WebSocket after it. An
/// HTTP request without a handshake gets "Hello, World!".
class Peer {
 public:
  /// Takes what arrived: either bytes that the caller may reuse as soon as the answer has been sent, or
  /// the filled part of `partial`. With `everyone`, messages go to its end in place of the answer. The
  /// answer to frames is made in `output` if it has room for as much as came in, else where they lie.
  Answer receive(std::span<std::byte> input, std::vector<std::byte>* everyone,
                 std::span<std::byte> output = {});

  /// Bytes that wait for the rest of a frame or a request's head. While there are some, further ones are
  /// to be put behind them.
  Buffer partial;
  bool isWebSocket() const noexcept { return upgraded_; }

 private:
  Answer receiveFrames(std::span<std::byte> input, std::vector<std::byte>* everyone,
                       std::span<std::byte> output);
  Answer receiveRequests(std::span<std::byte> input);
  void keep(std::span<const std::byte> left, std::size_t needed, Answer& answer);

  bool upgraded_ = false;
};

}  // namespace floorServer
