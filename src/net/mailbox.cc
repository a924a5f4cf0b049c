#include "net/mailbox.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <system_error>
#include <utility>

#include "net/loop.h"

namespace duplex::net {
namespace {

// Mailboxes live as long as the process: handles in static objects may outlive every loop.
struct Pool {
  std::mutex mutex;
  std::vector<Mailbox*> free;
};

Pool& pool() {
  static Pool* pool = new Pool;
  return *pool;
}

int makeEvent() {
  const int descriptor = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (descriptor < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  return descriptor;
}

}  // namespace

Mailbox::Mailbox() : descriptor_(makeEvent()) {}

Mailbox& Mailbox::take(Loop& loop) {
  Mailbox* mailbox = nullptr;
  {
    const std::lock_guard lock(pool().mutex);
    if (!pool().free.empty()) {
      mailbox = pool().free.back();
      pool().free.pop_back();
    }
  }
  if (mailbox == nullptr) mailbox = new Mailbox;
  const std::lock_guard lock(mailbox->mutex_);
  ++mailbox->lease_;
  mailbox->loop_.store(&loop, std::memory_order_release);
  return *mailbox;
}

void Mailbox::giveBack() {
  std::vector<Task> dropped;
  {
    const std::lock_guard lock(mutex_);
    loop_.store(nullptr, std::memory_order_release);
    full_.store(false, std::memory_order_release);
    dropped.swap(tasks_);
  }
  const std::lock_guard lock(pool().mutex);
  pool().free.push_back(this);
}

bool Mailbox::post(Task task) {
  const std::lock_guard lock(mutex_);
  return postLocked(std::move(task));
}

bool Mailbox::post(Task task, std::uint64_t lease) {
  const std::lock_guard lock(mutex_);
  return lease == lease_ && postLocked(std::move(task));
}

bool Mailbox::postLocked(Task task) {
  if (loop_.load(std::memory_order_relaxed) == nullptr) return false;
  tasks_.push_back(std::move(task));
  if (!full_.exchange(true, std::memory_order_acq_rel)) wake();
  return true;
}

std::vector<Mailbox::Task> Mailbox::collect() {
  std::vector<Task> tasks;
  const std::lock_guard lock(mutex_);
  full_.store(false, std::memory_order_release);
  tasks.swap(tasks_);
  return tasks;
}

void Mailbox::wake() noexcept {
  const std::uint64_t one = 1;
  // Only a counter at its maximum could refuse this, and then the loop wakes anyway.
  [[maybe_unused]] const auto written = ::write(descriptor_, &one, sizeof one);
}

}  // namespace duplex::net
