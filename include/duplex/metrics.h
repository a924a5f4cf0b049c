#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include <duplex/export.h>

namespace duplex {

/// What an app has done and what it has refused, as `App::metrics` found it. Counts are since the app was
/// made, but for the first three.
struct Metrics {
  /// Open now: HTTP and WebSocket, also while they begin and end.
  std::uint64_t connections = 0;
  /// Of these, those of which no whole request header has come yet.
  std::uint64_t handshakes = 0;
  /// Of these, WebSockets.
  std::uint64_t sockets = 0;

  std::uint64_t accepted = 0;
  /// Connections that the kernel could not give, for want of descriptors or memory.
  std::uint64_t acceptFailures = 0;
  /// Requests that were read whole, handshakes among them; and those that became WebSockets.
  std::uint64_t requests = 0;
  std::uint64_t upgrades = 0;
  /// WebSocket messages and their payload in bytes: received inflated, sent as it stands in the frames. One
  /// that is published counts for each that it is sent to.
  std::uint64_t messagesReceived = 0;
  std::uint64_t bytesReceived = 0;
  std::uint64_t messagesSent = 0;
  std::uint64_t bytesSent = 0;

  /// How often each limit was exceeded; they are called as the limits are.
  std::uint64_t maxConnections = 0;
  std::uint64_t maxConnectionsPerAddress = 0;
  std::uint64_t maxHandshakes = 0;
  std::uint64_t maxHandshakesPerAddress = 0;
  std::uint64_t maxHeaderSize = 0;
  std::uint64_t maxHeaders = 0;
  std::uint64_t maxBodySize = 0;
  std::uint64_t headerTimeout = 0;
  std::uint64_t minHeaderRate = 0;
  std::uint64_t bodyTimeout = 0;
  std::uint64_t sendTimeout = 0;
  std::uint64_t maxMessageSize = 0;
  std::uint64_t maxFragments = 0;
  std::uint64_t maxFramesPerSecond = 0;
  std::uint64_t maxBufferedAmount = 0;
  std::uint64_t idleTimeout = 0;
  std::uint64_t closeTimeout = 0;
};

/// A member of Metrics by its name, to print all of them.
struct MetricField {
  std::string_view name;
  std::uint64_t Metrics::*value;
  /// It counts how often a limit was exceeded.
  bool limit;
};

/// All members of Metrics, in their order.
DUPLEX_API std::span<const MetricField> metricFields() noexcept;

}  // namespace duplex
