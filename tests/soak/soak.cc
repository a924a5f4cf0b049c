// Soak: a server and a crowd that opens connections, says things and dies at random, for as long as one
// likes. Between rounds all have gone, and what is allocated then must not grow. Who is well-behaved must
// have been answered. Made for a build with the address sanitizer.
//
//   soak [MINUTES [auto|epoll|uring [CONNECTIONS [SEED]]]]
//
// Ends with 0 if all of that held, with 1 if not.

#include <malloc.h>
#include <sys/resource.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <exception>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <duplex/duplex.h>

#include "crowd.h"
#include "server.h"
#include "trend.h"

namespace {

using namespace duplex;
using namespace std::chrono_literals;
using Seconds = std::chrono::duration<double>;
using SteadyClock = std::chrono::steady_clock;

// Tables, pools and caches take what they keep.
constexpr std::size_t warmUpRounds = 3;
// For all to have gone, once nobody comes any more.
constexpr Seconds patience{120};

struct Wish {
  double minutes = 1;
  std::string backend = "auto";
  std::size_t connections = 1000;
  unsigned seed = std::random_device()();
};

class Soak {
 public:
  explicit Soak(const Wish& wish)
      : wish_(wish),
        loop_(net::Loop::current(wish.backend)),
        sockets_(Sample::now().sockets),
        length_(60 * wish.minutes),
        round_(std::min(Seconds(15), length_)),
        settling_(std::min(Seconds(4), length_)),
        server_(std::make_unique<soak::Server>(wish.backend)) {
    std::printf("soak: %.2f minutes over %s, %zu connections, seed %u\n", wish.minutes,
                std::string(loop_.backendName()).c_str(), wish.connections, wish.seed);
  }

  /// What did not hold.
  std::vector<std::string> run() {
    Crowd crowd(loop_, server_->doors(), wish_.connections, wish_.seed, true);
    const bool ended = playRounds(crowd);
    const Crowd::Tally& tally = crowd.tally();
    problems_.insert(problems_.end(), tally.failures.begin(), tally.failures.end());
    if (tally.failed != 0) problems_.push_back(std::to_string(tally.failed) + " were not answered");
    if (tally.answered == 0) problems_.push_back("nobody was answered");
    if (!ended) return problems_;
    server_.reset();
    turnFor(nullptr, settling_);
    // A loop's eventfd is kept for the next loop.
    const std::size_t left = Sample::now().sockets;
    if (left > sockets_) problems_.push_back(std::to_string(left - sockets_) + " sockets are left behind");
    return problems_;
  }

 private:
  using Sample = soak::Sample;
  using Server = soak::Server;
  using Crowd = soak::Crowd;

  bool playRounds(Crowd& crowd) {
    soak::Trend trend;
    const auto end = SteadyClock::now() + length_;
    for (std::size_t number = 1; number == 1 || SteadyClock::now() < end; ++number) {
      crowd.gather();
      turnFor(&crowd, round_);
      const Sample busy = Sample::now();
      const std::size_t atOnce = crowd.size();
      crowd.disperse();
      if (!turnUntilEmpty(crowd, *server_) || !endInTheMiddle(number)) return false;
      turnFor(&crowd, settling_);
      const Sample rest = Sample::atRest();
      if (number > warmUpRounds) trend.add(rest);
      const Crowd::Tally& tally = crowd.tally();
      std::printf("round %zu: %zu at once, %zu came, %zu answered, %zu not, %zu messages, %zu errors told\n",
                  number, atOnce, tally.came, tally.answered, tally.failed, tally.messages,
                  server_->errors());
      std::printf("  busy %s; at rest %s; longest turn %.2f s\n", busy.inWords().c_str(),
                  rest.inWords().c_str(), std::exchange(longestTurn_, Seconds(0)).count());
      std::fflush(stdout);
    }
    if (!trend.tells()) std::puts("too short to tell whether memory grows");
    if (const std::string grows = trend.whatGrows(); !grows.empty())
      problems_.push_back("it grows: " + grows);
    return true;
  }

  /// Another server comes for a while, and closes, or is destroyed, in the middle of a crowd, to which it
  /// owes nothing then: it ends, and they all go.
  bool endInTheMiddle(std::size_t number) {
    auto server = std::make_unique<Server>(wish_.backend);
    // A session for each of many ports would be kept for long.
    Crowd crowd(loop_, server->doors(), wish_.connections / 4 + 1, wish_.seed + static_cast<unsigned>(number),
                /*resume=*/false);
    crowd.gather();
    turnFor(&crowd, std::min(Seconds(2), round_));
    crowd.disperse();
    if (number % 2 == 0) {
      server.reset();
      return turnUntil([&] { return crowd.empty(); }, crowd) ||
             complain("a crowd without a server stays: " + crowd.present());
    }
    server->close(1s);
    return (turnUntil([&] { return server->closed(); }, crowd) || complain("the server does not close")) &&
           turnUntilEmpty(crowd, *server);
  }

  void turn(Crowd* crowd) {
    const auto start = SteadyClock::now();
    loop_.turn(loop_.now() + Milliseconds(10));
    if (crowd != nullptr) crowd->refresh();
    longestTurn_ = std::max(longestTurn_, Seconds(SteadyClock::now() - start));
  }
  void turnFor(Crowd* crowd, Seconds time) {
    const auto end = SteadyClock::now() + time;
    while (SteadyClock::now() < end) turn(crowd);
  }
  template <class Done>
  bool turnUntil(Done done, Crowd& crowd) {
    const auto limit = SteadyClock::now() + patience;
    while (!done() && SteadyClock::now() < limit) turn(&crowd);
    return done();
  }
  /// All go, on both sides.
  bool turnUntilEmpty(Crowd& crowd, const Server& server) {
    const auto isOver = [&] {
      return crowd.empty() && server.metrics().connections == 0 && server.clients() == 0;
    };
    if (turnUntil(isOver, crowd)) return true;
    const Metrics metrics = server.metrics();
    return complain("they do not go: " + crowd.present() + "; at the server " +
                    std::to_string(metrics.connections) + " connections, " + std::to_string(metrics.sockets) +
                    " of them sockets, " + std::to_string(metrics.handshakes) + " without a request; " +
                    std::to_string(server.clients()) + " clients");
  }
  bool complain(std::string what) {
    problems_.push_back(std::move(what));
    return false;
  }

  const Wish wish_;
  net::Loop& loop_;
  const std::size_t sockets_;
  const Seconds length_;
  const Seconds round_;
  // What is kept for the next time goes after a second or two.
  const Seconds settling_;
  std::unique_ptr<Server> server_;
  // Of the loop that all clients and a third of the server's connections are on; tells how busy it was.
  Seconds longestTurn_{0};
  std::vector<std::string> problems_;
};

template <class Number>
bool read(std::string_view text, Number& number) {
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && stop == end;
}

bool read(int argc, char** argv, Wish& wish) {
  if (argc > 5) return false;
  if (argc > 1 && (!read(argv[1], wish.minutes) || !(wish.minutes > 0))) return false;
  if (argc > 2) wish.backend = argv[2];
  if (argc > 3 && (!read(argv[3], wish.connections) || wish.connections == 0)) return false;
  return argc <= 4 || read(argv[4], wish.seed);
}

/// As many descriptors as it may have, and one place to count what is allocated.
void prepareProcess() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  ::mallopt(M_ARENA_MAX, 1);
}

}  // namespace

int main(int argc, char** argv) try {
  Wish wish;
  if (!read(argc, argv, wish)) {
    std::fprintf(stderr, "usage: %s [MINUTES [auto|epoll|uring [CONNECTIONS [SEED]]]]\n", argv[0]);
    return 2;
  }
  if (const std::error_code why = Loop::whyNoUring(); wish.backend == "uring" && why) {
    std::printf("soak: io_uring cannot be used here: %s\n", why.message().c_str());
    return 0;
  }
  prepareProcess();
  const std::vector<std::string> problems = Soak(wish).run();
  for (const std::string& problem : problems) std::printf("WRONG: %s\n", problem.c_str());
  std::puts(problems.empty() ? "soak: all held" : "soak: not all held");
  return problems.empty() ? 0 : 1;
} catch (const std::exception& error) {
  std::fprintf(stderr, "soak: %s\n", error.what());
  return 1;
}
