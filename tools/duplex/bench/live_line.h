#pragma once

#include <memory>

#include <duplex/loop.h>

#include "bench/crew.h"

namespace duplex::bench {

/// A line on stderr that says once a second what happened in it; gone when this is.
class LiveLine {
 public:
  explicit LiveLine(Crew& crew);
  LiveLine(const LiveLine&) = delete;
  LiveLine& operator=(const LiveLine&) = delete;
  ~LiveLine();

 private:
  struct State;
  static void ask(const std::shared_ptr<State>& state);

  std::shared_ptr<State> state_;
  TimerId timer_;
};

}  // namespace duplex::bench
