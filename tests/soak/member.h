#pragma once

#include <chrono>

#include <duplex/function.h>
#include <duplex/loop.h>

namespace duplex::soak {

class Crowd;

/// One that comes, does what it does, and goes: a client, or several connections of one. Owned by its crowd,
/// on the crowd's thread.
class Member {
 public:
  Member(Crowd& crowd, const char* kind) noexcept : crowd_(crowd), kind_(kind) {}
  Member(const Member&) = delete;
  Member& operator=(const Member&) = delete;
  virtual ~Member() { clearTimeout(timer_); }

  const char* kind() const noexcept { return kind_; }
  /// What it was to do later, it does soon.
  void hurry();

 protected:
  Crowd& crowd() const noexcept { return crowd_; }
  /// Calls `next` after `delay`, in the place of what it was to call before.
  void after(std::chrono::milliseconds delay, Function<void()> next);
  /// The same after a time up to `most`.
  void later(std::chrono::milliseconds most, Function<void()> next);
  /// It is done; destroyed at the end of the turn.
  void leave();

 private:
  Crowd& crowd_;
  const char* kind_;
  TimerId timer_{};
  Function<void()> next_;
};

}  // namespace duplex::soak
