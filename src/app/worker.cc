#include "app/worker.h"

#include <exception>
#include <future>

namespace duplex {
namespace {

/// Nobody called this thread's loop who could be given what a timer or a posted task throws: it goes
/// to the log, and the loop runs on.
bool runToEnd(net::Loop& loop, Shared& shared) {
  try {
    loop.run();
    return true;
  } catch (...) {
    shared.tell(Error::current());
    return false;
  }
}

}  // namespace

Worker::Worker(Shared& shared, const http::Routes& routes) {
  std::promise<void> ready;
  thread_ = std::thread([&ready, &shared, &routes, this] {
    std::exception_ptr failure;
    try {
      net::Loop loop(shared.options.backend);
      Shard shard(shared, routes, loop);
      mailbox_ = &loop.mailbox();
      shard_ = &shard;
      loop.hold();
      ready.set_value();
      while (!runToEnd(loop, shared)) {
      }
      return;
    } catch (...) {
      failure = std::current_exception();
    }
    ready.set_exception(failure);
  });
  try {
    ready.get_future().get();
  } catch (...) {
    thread_.join();
    throw;
  }
}

Worker::~Worker() {
  mailbox_->post([] { net::Loop::current().stop(); });
  thread_.join();
}

}  // namespace duplex
