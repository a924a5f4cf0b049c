#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <vector>

#include <duplex/function.h>

#include "base/slot_table.h"

namespace duplex::net {

class Loop;

/// The calling thread's loop; null if it has none.
inline constinit thread_local Loop* threadLoop = nullptr;

/// What other threads know of a loop: where to leave work for it, and the table that handles point
/// into. A mailbox is never freed; when its loop ends it waits for the next one that is made, so
/// that a handle may look at it at any time.
class Mailbox {
 public:
  using Task = Function<void()>;

  /// A loop's hold of a mailbox. When it goes, what is left in the mailbox is dropped, and more is
  /// refused until another loop takes it.
  class Lease {
   public:
    explicit Lease(Loop& loop) : mailbox(take(loop)) {}
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ~Lease() { mailbox.giveBack(); }

    Mailbox& mailbox;
  };

  /// The loop, if the calling thread is its own; else null.
  Loop* local() const noexcept {
    Loop* loop = threadLoop;
    return loop != nullptr && loop == loop_.load(std::memory_order_acquire) ? loop : nullptr;
  }

  /// Leaves `task` for the loop; wakes it if it is the first since the loop last looked. From any
  /// thread. False, and the task is dropped, if there is no loop.
  bool post(Task task);
  /// The same, for the loop that had this mailbox when `lease` was its number; not for a later one.
  bool post(Task task, std::uint64_t lease);
  /// The number of the lease that holds it: another for each loop. On the loop's thread.
  std::uint64_t lease() const noexcept { return lease_; }
  /// All that was left, in order. On the loop's thread.
  std::vector<Task> collect();
  /// Whether there is anything to collect.
  bool full() const noexcept { return full_.load(std::memory_order_acquire); }

  /// An eventfd that is readable after `wake`.
  int descriptor() const noexcept { return descriptor_; }
  /// Wakes the loop and does nothing else; may be called in a signal handler.
  void wake() noexcept;

  SlotTable slots;

 private:
  Mailbox();
  static Mailbox& take(Loop& loop);
  void giveBack();
  bool postLocked(Task task);

  const int descriptor_;
  std::atomic<Loop*> loop_{nullptr};
  std::atomic<bool> full_{false};
  std::mutex mutex_;
  std::uint64_t lease_ = 0;
  std::vector<Task> tasks_;
};

}  // namespace duplex::net
