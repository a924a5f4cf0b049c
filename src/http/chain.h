#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <duplex/error.h>

namespace duplex::http {

struct Exchange;
class Routes;

/// Where a request stands among the handlers that it passes: the routes it is in, one frame for each
/// router mounted in another, and what was found out on the way.
struct Chain {
  struct Frame {
    const Routes* routes;
    /// The layer to be tried next.
    std::size_t next;
    /// How much of the path and how many parameters belong to the routes around these.
    std::uint32_t base;
    std::size_t params;
  };

  std::vector<Frame> frames;
  /// What a handler passed on or threw; only error handlers run while there is one.
  std::optional<Error> error;
  /// Counts the handlers called. Each may go on once: the one that raises the count may.
  std::atomic<std::uint32_t> step{0};
  /// Methods of layers that fit but for their method, as they stand in Allow.
  std::string allow;
  /// A WebSocket route fits the path.
  bool webSocket = false;
  bool running = false;
  bool proceed = false;

  void clear() noexcept;
};

/// Starts `exchange` on its way through `routes`. On the owner's thread, like what follows.
void startChain(Exchange& exchange, const Routes& routes);
/// Lets the handler that was called as number `step` go on to the next one; without effect if it has
/// done so. From any thread.
void proceedChain(Exchange& exchange, std::uint32_t step, std::optional<Error> error);
/// Sends `error` from the handler that runs, or ran last, to the error handlers. From any thread.
void failChain(Exchange& exchange, Error error);

}  // namespace duplex::http
