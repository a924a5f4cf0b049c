#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include <duplex/function.h>

#include "bench/board.h"
#include "bench/connection.h"
#include "bench/cpu_meter.h"
#include "bench/frame_pool.h"
#include "bench/options.h"
#include "bench/tally.h"
#include "bench/target.h"
#include "bench/workload.h"
#include "net/alarm.h"
#include "net/loop.h"

namespace duplex::bench {

/// What one thread has measured.
struct Measured {
  Tally tally;
  CpuUse cpu;
  /// Connections that were opened, and those that were open at the end.
  std::size_t opened = 0;
  std::size_t open = 0;
};

/// One thread's part of a run: its connections, and what is done with them. On that thread alone.
class Engine final : ConnectionEvents {
 public:
  using Done = Function<void()>;

  /// `thread`: which one of `options.threads`. Throws SyntaxError for URLs and headers that are none.
  Engine(net::Loop& loop, const Options& options, unsigned thread, Board& board);
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  ~Engine();

  /// Looks up where to connect to.
  void resolve(Done done);
  /// Opens all connections; `done` when each is open or has failed.
  void openAll(Done done);
  /// Gives up those that are not open yet, which makes `openAll` done.
  void stopOpening();
  /// Makes ready to `start`, with what is open.
  void prepare();
  void start();
  /// Measures from here, and not since the start, …
  void beginMeasuring();
  /// … to here, and sends no more.
  void endMeasuring();
  /// Waits for what is still under way, for `options.drain` seconds at most.
  void drain(Done done);
  /// Closes all connections, with a second for the server to agree.
  void closeAll(Done done);

  const Options& options() const noexcept { return options_; }
  const Measured& measured() const noexcept { return measured_; }
  const Tally& tally() const noexcept { return tally_; }
  std::size_t open() const noexcept { return open_; }
  /// See Workload.
  void onComplete();
  /// Called once, when no connection is open while it runs; not with the workload `connect`.
  Done onAllGone;

 private:
  void openMore();
  std::size_t mayOpen() const noexcept;
  void settle();
  void lookWhetherAllAreGone();
  void tick();

  void onOpening(Connection& connection) override;
  void onOpen(Connection& connection) override;
  void onMessages(Connection& connection, std::size_t count, TimePoint now) override;
  void onDrained(Connection& connection) override;
  void onGone(Connection& connection) override;

  net::Loop& loop_;
  const Options& options_;
  Board& board_;
  const FramePool pool_;
  Tally tally_;
  Shared shared_;
  std::deque<Target> targets_;
  std::deque<Connection> connections_;
  std::unique_ptr<Workload> workload_;

  enum class Phase { Begun, Opening, Running, Draining, Closing };
  Phase phase_ = Phase::Begun;
  TimePoint phaseSince_;
  Done done_;
  // Connections of which the first attempt has begun; attempts under way; connections that were opened,
  // that are open, that are not gone.
  std::size_t begun_ = 0;
  std::size_t pending_ = 0;
  std::size_t opened_ = 0;
  std::size_t open_ = 0;
  std::size_t alive_ = 0;
  bool allGone_ = false;
  net::Alarm<Engine> ticking_{*this, &Engine::tick};
  CpuMeter meter_{CpuMeter::Of::Thread};
  Measured measured_;
};

}  // namespace duplex::bench
