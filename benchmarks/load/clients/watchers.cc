// Watchers of one value, which changes each second: they learn of it by a push over a WebSocket, by a request
// that waits for the next change, or by asking each second. Counts what that takes, and how old the news is.
//
//     bench_watchers --port N --way push|wait|poll [--watchers N] [--warm-up S] [--duration S]
//
// Prints `measuring` when the warm-up is over, and at the end one line of JSON.

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <map>
#include <memory>
#include <queue>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

enum class Way { Push, Wait, Poll };

struct Settings {
  Way way = Way::Push;
  std::uint16_t port = 0;
  std::size_t watchers = 1000;
  double warmUp = 1;
  double duration = 5;
};

void check(long result, const char* call) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), call);
}

/// The number after `name` in a text such as {"value":7,"at":123}.
long long numberIn(std::string_view text, std::string_view name) {
  const std::size_t at = text.find(name);
  if (at == std::string_view::npos) throw std::runtime_error("not a value: " + std::string(text));
  return std::atoll(std::string(text.substr(at + name.size())).c_str());
}

struct Watcher {
  int descriptor = -1;
  std::string received;
  long long number = -1;
  bool isOpen = false;  // a WebSocket, after the 101
};

struct Counts {
  std::uint64_t requests = 0;
  std::uint64_t bytesIn = 0;
  std::uint64_t bytesOut = 0;
  /// Age of each new value when it came, in microseconds.
  std::vector<long long> ages;
};

class Watchers {
 public:
  explicit Watchers(const Settings& settings)
      : settings_(settings), epoll_(::epoll_create1(EPOLL_CLOEXEC)), watchers_(settings.watchers) {
    check(epoll_, "epoll_create1");
    for (std::size_t i = 0; i < watchers_.size(); ++i) open(i);
  }

  /// Takes part for so long.
  void run(double seconds) {
    const auto end =
        Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
    while (Clock::now() < end) turn(end);
  }

  Counts counts;

 private:
  void open(std::size_t index) {
    Watcher& watcher = watchers_[index];
    watcher.descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    check(watcher.descriptor, "socket");
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(settings_.port);
    check(::connect(watcher.descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address),
          "connect");
    const int on = 1;
    check(::setsockopt(watcher.descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), "setsockopt");
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = index;
    check(::epoll_ctl(epoll_, EPOLL_CTL_ADD, watcher.descriptor, &event), "epoll_ctl");
    if (settings_.way == Way::Poll) {
      // Spread over the second, as the watchers of a real site are.
      due_.push({start_ + std::chrono::nanoseconds(1s) * index / watchers_.size(), index});
    } else {
      ask(watcher);
    }
  }

  void ask(Watcher& watcher) {
    std::string request;
    switch (settings_.way) {
      case Way::Push:
        request =
            "GET /push HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        break;
      case Way::Wait:
        request = "GET /wait?after=" + std::to_string(watcher.number) +
                  " HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n\r\n";
        break;
      case Way::Poll:
        request = "GET /value HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n\r\n";
        break;
    }
    const ssize_t sent = ::send(watcher.descriptor, request.data(), request.size(), MSG_NOSIGNAL);
    if (sent != static_cast<ssize_t>(request.size())) throw std::runtime_error("a request was not taken");
    ++counts.requests;
    counts.bytesOut += request.size();
  }

  void turn(Clock::time_point end) {
    auto until = end;
    while (!due_.empty() && due_.top().time <= Clock::now()) {
      const Due due = due_.top();
      due_.pop();
      ask(watchers_[due.watcher]);
      due_.push({due.time + 1s, due.watcher});
    }
    if (!due_.empty()) until = std::min(until, due_.top().time);
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
    std::array<epoll_event, 256> events;
    const int ready =
        ::epoll_wait(epoll_, events.data(), events.size(), static_cast<int>(std::max<std::int64_t>(left, 0)));
    for (int i = 0; i < ready; ++i) receive(watchers_[events[static_cast<std::size_t>(i)].data.u64]);
  }

  void receive(Watcher& watcher) {
    std::array<char, 64 * 1024> buffer;
    const ssize_t size = ::recv(watcher.descriptor, buffer.data(), buffer.size(), 0);
    if (size <= 0) throw std::runtime_error("the server has closed a connection");
    counts.bytesIn += static_cast<std::uint64_t>(size);
    watcher.received.append(buffer.data(), static_cast<std::size_t>(size));
    while (settings_.way == Way::Push ? takeMessage(watcher) : takeResponse(watcher)) {
    }
  }

  bool takeMessage(Watcher& watcher) {
    std::string& text = watcher.received;
    if (!watcher.isOpen) {
      const std::size_t end = text.find("\r\n\r\n");
      if (end == std::string::npos) return false;
      if (!text.starts_with("HTTP/1.1 101")) throw std::runtime_error("the upgrade was refused");
      text.erase(0, end + 4);
      watcher.isOpen = true;
    }
    if (text.size() < 2) return false;
    // The value is a short text message in one frame.
    const auto length = static_cast<unsigned char>(text[1]);
    if (text[0] != '\x81' || length > 125) throw std::runtime_error("an unexpected frame");
    if (text.size() < 2u + length) return false;
    learn(watcher, std::string_view(text).substr(2, length));
    text.erase(0, 2u + length);
    return true;
  }

  bool takeResponse(Watcher& watcher) {
    std::string& text = watcher.received;
    const std::size_t end = text.find("\r\n\r\n");
    if (end == std::string::npos) return false;
    if (!text.starts_with("HTTP/1.1 200")) throw std::runtime_error("not 200: " + text.substr(0, 40));
    const auto size = static_cast<std::size_t>(numberIn(text, "Content-Length: "));
    if (text.size() < end + 4 + size) return false;
    learn(watcher, std::string_view(text).substr(end + 4, size));
    text.erase(0, end + 4 + size);
    if (settings_.way == Way::Wait) ask(watcher);
    return true;
  }

  void learn(Watcher& watcher, std::string_view value) {
    const long long number = numberIn(value, "\"value\":");
    if (number == watcher.number) return;
    watcher.number = number;
    const auto now = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now().time_since_epoch());
    counts.ages.push_back(now.count() - numberIn(value, "\"at\":"));
  }

  struct Due {
    Clock::time_point time;
    std::size_t watcher;
    bool operator<(const Due& other) const { return time > other.time; }
  };

  const Settings settings_;
  const int epoll_;
  const Clock::time_point start_ = Clock::now();
  std::vector<Watcher> watchers_;
  std::priority_queue<Due> due_;
};

void print(Counts counts, double seconds) {
  std::vector<long long>& ages = counts.ages;
  std::sort(ages.begin(), ages.end());
  const auto at = [&](double share) {
    return ages.empty() ? 0 : ages[static_cast<std::size_t>(share * static_cast<double>(ages.size() - 1))];
  };
  std::printf(
      "{\"seconds\":%.3f,\"updates\":%zu,\"requests\":%llu,\"bytesIn\":%llu,\"bytesOut\":%llu,"
      "\"age\":{\"p50\":%lld,\"p99\":%lld,\"max\":%lld}}\n",
      seconds, ages.size(), static_cast<unsigned long long>(counts.requests),
      static_cast<unsigned long long>(counts.bytesIn), static_cast<unsigned long long>(counts.bytesOut),
      at(0.5), at(0.99), at(1));
}

Settings readSettings(int argc, char** argv) {
  std::map<std::string, std::string> given;
  for (int i = 1; i + 1 < argc; i += 2) given[argv[i]] = argv[i + 1];
  const std::map<std::string, Way> ways{{"push", Way::Push}, {"wait", Way::Wait}, {"poll", Way::Poll}};
  if (argc % 2 == 0 || !given.contains("--port") || !ways.contains(given["--way"])) {
    throw std::runtime_error("--port N and --way push|wait|poll are needed");
  }
  Settings settings;
  settings.port = static_cast<std::uint16_t>(std::stoi(given["--port"]));
  settings.way = ways.at(given["--way"]);
  if (given.contains("--watchers")) settings.watchers = std::stoul(given["--watchers"]);
  if (given.contains("--warm-up")) settings.warmUp = std::stod(given["--warm-up"]);
  if (given.contains("--duration")) settings.duration = std::stod(given["--duration"]);
  return settings;
}

}  // namespace

int main(int argc, char** argv) try {
  const Settings settings = readSettings(argc, argv);
  Watchers watchers(settings);
  watchers.run(settings.warmUp);
  watchers.counts = {};
  std::puts("measuring");
  std::fflush(stdout);
  const auto start = Clock::now();
  watchers.run(settings.duration);
  print(std::move(watchers.counts), std::chrono::duration<double>(Clock::now() - start).count());
} catch (const std::exception& error) {
  std::fprintf(stderr, "bench_watchers: %s\n", error.what());
  return 1;
}
