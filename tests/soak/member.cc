#include "member.h"

#include <utility>

#include "crowd.h"

namespace duplex::soak {

using namespace std::chrono_literals;

void Member::after(std::chrono::milliseconds delay, Function<void()> next) {
  clearTimeout(timer_);
  next_ = std::move(next);
  timer_ = setTimeout([this] { std::exchange(next_, {})(); }, delay);
}

void Member::later(std::chrono::milliseconds most, Function<void()> next) {
  after(std::chrono::milliseconds(crowd_.below(static_cast<unsigned>(most.count()) + 1)), std::move(next));
}

void Member::hurry() {
  if (next_) later(300ms, std::exchange(next_, {}));
}

void Member::leave() {
  clearTimeout(timer_);
  next_ = {};
  crowd_.gone(*this);
}

}  // namespace duplex::soak
