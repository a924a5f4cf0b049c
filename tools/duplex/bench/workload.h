#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>

#include "base/clock.h"
#include "bench/board.h"
#include "bench/connection.h"
#include "bench/options.h"
#include "bench/tally.h"

namespace duplex::bench {

/// What one thread's workload works with.
struct Scene {
  net::Loop& loop;
  const Options& options;
  const FramePool& pool;
  std::deque<Connection>& connections;
  Tally& tally;
  Board& board;
};

/// What is done with the connections of a thread.
class Workload {
 public:
  virtual ~Workload() = default;

  /// All that could be opened is open.
  virtual void start(TimePoint now) = 0;
  /// Sends no more.
  virtual void stop() {}
  /// Messages sent that have not come; for a thread that is asked whether there is any use in waiting.
  virtual std::uint64_t outstanding() const { return 0; }
  /// Gives up on those: counts them, with the time they have waited until now.
  virtual void giveUp(TimePoint) {}

  virtual void onOpen(Connection&) {}
  virtual void onMessages(Connection&, std::size_t, TimePoint) {}
  virtual void onDrained(Connection&) {}
  virtual void onGone(Connection&) {}
  /// A broadcast message has reached all.
  virtual void onComplete() {}
  /// Ten times a second; what has been opening or closing since before `limit` is overdue.
  virtual void onTick(TimePoint) {}
};

std::unique_ptr<Workload> makeWorkload(const Scene& scene);

std::unique_ptr<Workload> makeEcho(const Scene& scene);
std::unique_ptr<Workload> makeBroadcast(const Scene& scene);
std::unique_ptr<Workload> makeConnect(const Scene& scene);

inline std::int64_t nanoseconds(TimePoint time) noexcept {
  return std::chrono::nanoseconds(time.time_since_epoch()).count();
}

}  // namespace duplex::bench
