// The public functions of <duplex/loop.h>, over the calling thread's loop.
#include <duplex/loop.h>

#include <stdexcept>
#include <string>

#include "net/backend.h"
#include "net/loop.h"

namespace duplex {
namespace {

// Told where it is given, for later it would be called from the loop.
Function<void()> notEmpty(Function<void()> callback, const char* caller) {
  if (!callback) throw std::invalid_argument(std::string(caller) + ": the function is empty");
  return callback;
}

}  // namespace

Loop Loop::current() {
  net::Mailbox& mailbox = net::Loop::current().mailbox();
  return {&mailbox, mailbox.lease()};
}

bool Loop::post(Function<void()> task) const {
  return mailbox_->post(notEmpty(std::move(task), "post"), lease_);
}

void Loop::stop() const {
  mailbox_->post([] { net::Loop::current().stop(); }, lease_);
}

std::string_view Loop::backend() {
  return net::Loop::current().backendName();
}

std::error_code Loop::whyNoUring() noexcept {
  return net::whyNoUring();
}

int run() {
  net::Loop::current().run();
  return 0;
}

TimerId setTimeout(Function<void()> callback, std::chrono::milliseconds delay) {
  return net::Loop::current().setTimer(notEmpty(std::move(callback), "setTimeout"), delay, false);
}

TimerId setInterval(Function<void()> callback, std::chrono::milliseconds period) {
  return net::Loop::current().setTimer(notEmpty(std::move(callback), "setInterval"), period, true);
}

void clearTimeout(TimerId timer) {
  // Destructors call this, also when the thread's loop has ended, with all its timers.
  if (net::Loop* const loop = net::Loop::currentOrNull()) loop->clearTimer(timer);
}

void clearInterval(TimerId timer) {
  clearTimeout(timer);
}

}  // namespace duplex
