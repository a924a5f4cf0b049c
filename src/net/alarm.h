#pragma once

#include "net/timer_wheel.h"

namespace duplex::net {

/// A timer that calls a member function of its owner.
template <class Owner>
class Alarm final : public Timer {
 public:
  using Call = void (Owner::*)();

  Alarm(Owner& owner, Call call) noexcept : owner_(owner), call_(call) {}

 private:
  void onTimer() override { (owner_.*call_)(); }

  Owner& owner_;
  Call call_;
};

}  // namespace duplex::net
