#pragma once

#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include <duplex/function.h>

#include "bench/engine.h"
#include "bench/options.h"
#include "net/loop.h"

namespace duplex::bench {

/// The threads of a run, the calling one among them, each with its loop and its engine.
class Crew {
 public:
  using Done = Function<void()>;
  using Task = std::function<void(Engine& engine, Done done)>;

  /// Uses the calling thread's loop. Throws what an Engine throws.
  Crew(const Options& options, Board& board);
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;
  /// Ends the other threads.
  ~Crew();

  /// Runs `task` on every thread, with a `done` that it has to call once, now or later; calls `then`
  /// here when all have.
  void each(Task task, Done then);
  /// The same for what is done when it returns.
  void each(std::function<void(Engine& engine)> task, Done then);

  net::Loop& loop() noexcept { return loop_; }
  /// This thread's.
  Engine& first() noexcept { return *engine_; }
  /// All of them; to be read while they rest.
  const std::vector<Engine*>& engines() const noexcept { return engines_; }

 private:
  struct Member;

  net::Loop& loop_;
  std::unique_ptr<Engine> engine_;
  std::vector<std::unique_ptr<Member>> members_;
  std::vector<Engine*> engines_;
};

}  // namespace duplex::bench
