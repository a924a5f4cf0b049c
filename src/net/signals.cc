#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <map>
#include <memory>
#include <system_error>

#include <duplex/loop.h>

#include "net/loop.h"

namespace duplex {
namespace {

// The writing end of the pipe of the loop that wants a signal; -1 if none does. A signal handler may
// do no more than write to it.
struct WritingEnd {
  std::atomic<int> descriptor{-1};
};
std::array<WritingEnd, NSIG> writingEnds;

void onSignalRaised(int signal) {
  const int before = errno;
  const auto number = static_cast<unsigned char>(signal);
  const int end = writingEnds[static_cast<std::size_t>(signal)].descriptor.load(std::memory_order_relaxed);
  [[maybe_unused]] const auto written = ::write(end, &number, 1);
  errno = before;
}

/// The signals of one loop, which come through a pipe of its own.
class SignalPipe final : public net::Loop::Local, net::WatchHandler {
 public:
  explicit SignalPipe(net::Loop& loop) : loop_(loop) {
    if (::pipe2(ends_, O_CLOEXEC | O_NONBLOCK) != 0) {
      throw std::system_error(errno, std::generic_category(), "pipe2");
    }
    loop_.watch(ends_[0], true, false, *this);
  }

  ~SignalPipe() override {
    while (!wanted_.empty()) restore(wanted_.begin()->first);
    loop_.watch(ends_[0], false, false, *this);
    ::close(ends_[0]);
    ::close(ends_[1]);
  }

  void want(int signal, Function<void()> callback) {
    auto shared = std::make_shared<Function<void()>>(std::move(callback));
    if (const auto known = wanted_.find(signal); known != wanted_.end()) {
      known->second.callback = std::move(shared);
      return;
    }
    struct sigaction action {};
    action.sa_handler = &onSignalRaised;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    Wanted wanted{std::move(shared), {}};
    writingEnds[static_cast<std::size_t>(signal)].descriptor = ends_[1];
    if (::sigaction(signal, &action, &wanted.before) != 0) {
      writingEnds[static_cast<std::size_t>(signal)].descriptor = -1;
      throw std::system_error(errno, std::generic_category(), "sigaction");
    }
    wanted_.emplace(signal, std::move(wanted));
  }

  void restore(int signal) noexcept {
    const auto known = wanted_.find(signal);
    if (known == wanted_.end()) return;
    ::sigaction(signal, &known->second.before, nullptr);
    writingEnds[static_cast<std::size_t>(signal)].descriptor = -1;
    wanted_.erase(known);
  }

 private:
  struct Wanted {
    // Shared, so that a callback may replace itself.
    std::shared_ptr<Function<void()>> callback;
    struct sigaction before;
  };

  void onReady(bool, bool) override {
    unsigned char signal = 0;
    while (::read(ends_[0], &signal, 1) == 1) {
      const auto known = wanted_.find(signal);
      if (known == wanted_.end()) continue;
      loop_.defer([callback = known->second.callback] { (*callback)(); });
    }
  }

  net::Loop& loop_;
  int ends_[2]{-1, -1};
  std::map<int, Wanted> wanted_;
};

}  // namespace

void onSignal(int signal, Function<void()> callback) {
  if (signal <= 0 || signal >= NSIG) throw std::system_error(EINVAL, std::generic_category(), "onSignal");
  auto& pipe = net::Loop::current().local<SignalPipe>();
  if (callback) {
    pipe.want(signal, std::move(callback));
  } else {
    pipe.restore(signal);
  }
}

}  // namespace duplex
