#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace duplex::bench {

enum class WorkloadKind { Echo, Broadcast, Connect, Idle };

/// What `duplex bench` is to do; seconds where a time has no other unit.
struct Options {
  /// ws: or wss: URLs; connections are dealt out over them in turn.
  std::vector<std::string> urls;
  WorkloadKind workload = WorkloadKind::Echo;
  std::size_t connections = 100;
  /// Closed loop: messages under way, a connection with echo, in all with broadcast.
  std::size_t inFlight = 1;
  /// Open loop, if above 0: messages a second in all, whatever comes back.
  double rate = 0;
  /// Payload bytes of a message.
  std::size_t size = 64;
  bool text = false;
  double warmUp = 1;
  double duration = 5;
  /// After that, for what is still under way.
  double drain = 1;
  /// Over which the connections are opened; 0: as fast as it goes.
  double ramp = 0;
  unsigned threads = 1;
  std::string backend = "auto";
  /// The server's process, to be measured too; 0: none.
  int pid = 0;
  bool json = false;
  /// Each "Name: value".
  std::vector<std::string> headers;
  std::string origin;
  std::vector<std::string> protocols;
  /// For wss:, a file with those whom the servers' certificates must come from; empty: the system's.
  std::string authority;
  /// Their certificates are not looked at.
  bool insecure = false;
  /// Sessions are resumed; otherwise each connection makes a whole handshake.
  bool resume = false;
};

/// "20", "16K", "1M": bytes, K and M being powers of 1024. Throws std::invalid_argument.
std::size_t parseSize(const std::string& text);

/// "echo" …: as on the command line.
std::string nameOf(WorkloadKind workload);

/// "Name: value" in two. Throws SyntaxError if there is no colon.
std::pair<std::string, std::string> splitHeader(const std::string& line);

}  // namespace duplex::bench
