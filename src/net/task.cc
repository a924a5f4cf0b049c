#include <duplex/task.h>

#include <duplex/loop.h>

#include "net/loop.h"
#include "net/tasks.h"

namespace duplex {

namespace {

net::Tasks& tasks() {
  return net::Loop::current().local<net::Tasks>();
}

}  // namespace

namespace detail {

void Wait::resumeSoon() {
  tasks().resumeSoon(*this);
}

void SleepWait::wait() {
  timer_ = setTimeout(
      [this] {
        timer_ = {};
        resume();
      },
      delay_);
}

// --- tasks that nobody awaits

TaskRoot::~TaskRoot() {
  while (!ends_.alone()) {
    auto& listener = static_cast<TaskEnd&>(ends_.next());
    listener.leave();
    listener.onTaskEnd();
  }
}

void TaskRoot::start(Task<void> task) noexcept {
  if (!task) return ended(nullptr);
  tasks().add(*this);
  task_ = std::move(task);
  task_.coroutine_.promise().root = this;
  task_.coroutine_.resume();
}

void TaskRoot::ended(std::exception_ptr exception) noexcept {
  onEnd(std::move(exception));
  end();
}

// What the coroutine has on its stack may refer to what this has been given for it.
void TaskRoot::end() noexcept {
  task_ = {};
  delete this;
}

void SpawnedTask::onEnd(std::exception_ptr exception) noexcept {
  if (!exception) return;
  try {
    net::Loop::current().defer([exception] { std::rethrow_exception(exception); });
  } catch (...) {
    tasks().throwSoon(std::move(exception));
  }
}

}  // namespace detail

void spawn(Task<> task) {
  detail::TaskRoot::run(new detail::SpawnedTask, [&task] { return std::move(task); });
}

}  // namespace duplex
