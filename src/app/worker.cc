#include "app/worker.h"

#include <exception>
#include <future>

namespace duplex {

Worker::Worker(Shared& shared, const http::Routes& routes) {
  std::promise<void> ready;
  thread_ = std::thread([&ready, &shared, &routes, this] {
    bool told = false;
    try {
      net::Loop loop(shared.options.backend);
      Shard shard(shared, routes, loop);
      mailbox_ = &loop.mailbox();
      shard_ = &shard;
      loop.hold();
      told = true;
      ready.set_value();
      loop.run();
    } catch (...) {
      // What a posted task throws, once the loop runs, ends the process as in any thread.
      if (told) throw;
      ready.set_exception(std::current_exception());
    }
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
