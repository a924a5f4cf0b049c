#pragma once

#include <chrono>
#include <cstddef>

namespace duplex {

/// Limits of the HTTP side. Sizes in bytes.
struct HttpLimits {
  /// Request line and headers together; more is answered with 431.
  std::size_t maxHeaderSize = 16 * 1024;
  /// Number of header lines; more is answered with 431.
  std::size_t maxHeaders = 100;
  /// More is answered with 413.
  std::size_t maxBodySize = 1024 * 1024;
  /// From the first byte of a connection, or of a further request on it, to the end of the headers;
  /// then 408.
  std::chrono::milliseconds headerTimeout{10'000};
  /// Of headers that are under way, bytes a second: of five seconds in which less comes, 408. 0 is no limit.
  std::size_t minHeaderRate = 100;
  /// From the end of the headers to the end of the body; then 408.
  std::chrono::milliseconds bodyTimeout{60'000};
  /// A kept-alive connection without a request is closed after so long.
  std::chrono::milliseconds keepAliveTimeout{15'000};
  /// A response of which the peer takes no byte for so long is cut.
  std::chrono::milliseconds sendTimeout{60'000};
};

}  // namespace duplex
