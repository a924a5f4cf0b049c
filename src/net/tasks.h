#pragma once

#include <duplex/task.h>

#include "net/loop.h"

namespace duplex::net {

/// The tasks of one loop that nobody awaits. What is left when the loop ends is destroyed. A Local whose
/// objects coroutines wait for asks for this in its constructor.
class Tasks final : public Loop::Local {
 public:
  explicit Tasks(Loop& loop) noexcept : loop_(loop) {}
  ~Tasks() override;

  void add(duplex::detail::TaskRoot& task) noexcept { task.moveBefore(running_); }
  /// Destroys those that were made for `owner`, which is about to go.
  void endOf(const void* owner) noexcept;

  /// Resumes `wait` from a deferred task.
  void resumeSoon(duplex::detail::Wait& wait);

 private:
  void settleLater();
  void settle();

  Loop& loop_;
  duplex::detail::Link running_;
  duplex::detail::Link ready_;
  bool scheduled_ = false;
};

}  // namespace duplex::net
