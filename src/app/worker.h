#pragma once

#include <string>
#include <thread>

#include "app/shard.h"
#include "net/loop.h"

namespace duplex {

/// A thread with a loop and the app's shard on it, which both end with it.
class Worker {
 public:
  /// Returns when the shard is there. Throws what making it threw.
  Worker(Shared& shared, const http::Routes& routes);
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  /// Cuts what is open, and waits for the thread.
  ~Worker();

  Shard& shard() noexcept { return *shard_; }

 private:
  net::Mailbox* mailbox_ = nullptr;
  Shard* shard_ = nullptr;
  std::thread thread_;
};

}  // namespace duplex
