#pragma once

#include <exception>

#include <duplex/task.h>

#include "net/alarm.h"
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

  /// Resumes `wait` from a timer that is due at once. Takes no memory, for who goes calls it.
  void resumeSoon(duplex::detail::Wait& wait) noexcept;
  /// Throws `exception` out of the loop's `run`, where there is no memory for a deferred task; of those that
  /// come before that, the first.
  void throwSoon(std::exception_ptr exception) noexcept;

 private:
  void settleLater() noexcept;
  void settle();

  Loop& loop_;
  duplex::detail::Link running_;
  duplex::detail::Link ready_;
  std::exception_ptr thrown_;
  Alarm<Tasks> settle_{*this, &Tasks::settle};
};

}  // namespace duplex::net
