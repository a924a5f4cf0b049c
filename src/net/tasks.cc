#include "net/tasks.h"

#include <utility>

#include "net/take_all.h"

namespace duplex::net {

using duplex::detail::Link;
using duplex::detail::TaskRoot;
using duplex::detail::Wait;

Tasks::~Tasks() {
  while (!running_.alone()) static_cast<TaskRoot&>(running_.next()).end();
}

void Tasks::endOf(const void* owner) noexcept {
  // A task that ends may end others, or start some: each time from the beginning.
  Link* at = &running_.next();
  while (at != &running_) {
    auto& task = static_cast<TaskRoot&>(*at);
    at = &at->next();
    if (task.owner() != owner) continue;
    task.end();
    at = &running_.next();
  }
}

void Tasks::resumeSoon(Wait& wait) noexcept {
  wait.moveBefore(ready_);
  settleLater();
}

void Tasks::throwSoon(std::exception_ptr exception) noexcept {
  if (!thrown_) thrown_ = std::move(exception);
  settleLater();
}

void Tasks::settleLater() noexcept {
  if (settle_.pending()) return;
  // A time that has passed.
  loop_.schedule(settle_, TimePoint());
  loop_.hold();
}

void Tasks::settle() {
  loop_.unhold();
  // If one throws, which no task of duplex's does, the rest comes later.
  struct Rest {
    Tasks& tasks;
    ~Rest() {
      if (!tasks.ready_.alone()) tasks.settleLater();
    }
  } rest{*this};
  if (thrown_) std::rethrow_exception(std::exchange(thrown_, nullptr));
  takeAll(ready_, [](Link& link) { static_cast<Wait&>(link).resume(); });
}

}  // namespace duplex::net
