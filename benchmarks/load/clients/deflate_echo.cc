// Clients that send compressed messages and get them back compressed: one message under way a connection.
// What is sent has been compressed before, by zlib and the same for every server. Of what comes, one
// connection in ten inflates and compares every message; the others look whether it is compressed and where
// it ends, so that the load is not the limit. Counts the messages; the bytes on the wire have been counted
// before, on one connection over which all messages went, so that they are of the same messages whatever the
// server's speed.
//
//     bench_deflate_echo --port N --size N --takeover 0|1 [--connections N] [--warm-up S] [--duration S]
//
// Prints `measuring` when the warm-up is over, and at the end one line of JSON.

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

struct Settings {
  std::uint16_t port = 0;
  std::size_t size = 1024;
  bool takeover = true;
  std::size_t connections = 100;
  double warmUp = 1;
  double duration = 5;
};

// One connection of so many looks into what comes.
constexpr std::size_t checkedOf = 10;

void check(long result, const char* call) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), call);
}

/// Records as programs send them, as JSON: alike, and none the same.
std::string jsonText(std::mt19937& random, std::size_t size) {
  const auto below = [&](unsigned limit) { return std::to_string(random() % limit); };
  std::string text;
  while (text.size() < size) {
    text += "{\"id\":" + below(1'000'000) + ",\"symbol\":\"S" + below(500) + "\",\"bid\":" + below(10'000) +
            "." + below(100) + ",\"ask\":" + below(10'000) + "." + below(100) +
            ",\"volume\":" + below(100'000) + ",\"active\":" + (random() % 2 == 0 ? "true" : "false") +
            ",\"venue\":\"XNYS\"},";
  }
  text.resize(size);
  return text;
}

/// A client's frame of a compressed text message.
std::string frameOf(std::string_view payload) {
  constexpr std::array<unsigned char, 4> mask{0x37, 0xfa, 0x21, 0x3d};
  std::string frame = "\xC1";
  const std::size_t size = payload.size();
  if (size < 126) {
    frame += static_cast<char>(0x80 | size);
  } else {
    const int bytes = size < 65'536 ? 2 : 8;
    frame += static_cast<char>(0x80 | (bytes == 2 ? 126 : 127));
    for (int i = bytes; i-- > 0;) frame += static_cast<char>(size >> (8 * i) & 0xFF);
  }
  frame.append(reinterpret_cast<const char*>(mask.data()), mask.size());
  for (std::size_t i = 0; i < size; ++i) frame += static_cast<char>(payload[i] ^ mask[i % 4]);
  return frame;
}

/// Messages and their frames, sent in a circle. With takeover each refers to those before it in the circle,
/// so that it can be begun again.
struct Circle {
  Circle(std::size_t size, bool takeover) {
    std::mt19937 random(7);
    z_stream stream{};
    if (deflateInit2(&stream, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) != Z_OK)
      throw std::runtime_error("deflateInit2");
    // More than a window, so that no message is found again whole.
    const std::size_t count = std::max<std::size_t>(64, 128 * 1024 / size);
    for (std::size_t i = 0; i < count; ++i) {
      texts.push_back(jsonText(random, size));
      if (!takeover) deflateReset(&stream);
      std::string out(2 * size + 256, '\0');
      stream.next_in = reinterpret_cast<Bytef*>(texts.back().data());
      stream.avail_in = static_cast<uInt>(size);
      stream.next_out = reinterpret_cast<Bytef*>(out.data());
      stream.avail_out = static_cast<uInt>(out.size());
      deflate(&stream, Z_SYNC_FLUSH);
      frames.push_back(frameOf(std::string_view(out).substr(0, out.size() - stream.avail_out - 4)));
    }
    deflateEnd(&stream);
  }

  std::vector<std::string> texts;
  std::vector<std::string> frames;
};

struct Counts {
  std::uint64_t messages = 0;
  std::uint64_t bytesIn = 0;
  std::uint64_t bytesOut = 0;
};

/// Inflates messages, and compares them with what was sent.
class Checker {
 public:
  Checker(const Circle& circle, std::size_t size, bool takeover)
      : circle_(circle), takeover_(takeover), plain_(size + 1, '\0') {
    if (inflateInit2(&stream_, -15) != Z_OK) throw std::runtime_error("inflateInit2");
  }
  Checker(const Checker&) = delete;
  Checker& operator=(const Checker&) = delete;
  ~Checker() { inflateEnd(&stream_); }

  void begin() {
    size_ = 0;
    if (!takeover_) inflateReset(&stream_);
  }

  void add(std::string_view part) {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(part.data()));
    stream_.avail_in = static_cast<uInt>(part.size());
    stream_.next_out = reinterpret_cast<Bytef*>(plain_.data() + size_);
    stream_.avail_out = static_cast<uInt>(plain_.size() - size_);
    const int result = inflate(&stream_, Z_SYNC_FLUSH);
    if ((result != Z_OK && result != Z_BUF_ERROR) || stream_.avail_in != 0)
      throw std::runtime_error("a message came that cannot be inflated");
    size_ = plain_.size() - stream_.avail_out;
  }

  /// All of the message with this place in the circle is there.
  void end(std::size_t place) {
    add(std::string_view("\0\0\xff\xff", 4));
    if (std::string_view(plain_).substr(0, size_) != circle_.texts[place])
      throw std::runtime_error("a message came that is not what was sent");
  }

 private:
  const Circle& circle_;
  const bool takeover_;
  z_stream stream_{};
  std::string plain_;
  std::size_t size_ = 0;
};

/// One connection.
class Client {
 public:
  Client(const Settings& settings, const Circle& circle, Counts& counts, bool checks)
      : takeover_(settings.takeover), circle_(circle), counts_(counts) {
    if (checks) checker_.emplace(circle, settings.size, settings.takeover);
    descriptor_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    check(descriptor_, "socket");
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(settings.port);
    check(::connect(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address), "connect");
    const int on = 1;
    check(::setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), "setsockopt");
    send(std::string("GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                     "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                     "Sec-WebSocket-Extensions: permessage-deflate") +
         (takeover_ ? "" : "; server_no_context_takeover; client_no_context_takeover") + "\r\n\r\n");
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client() { ::close(descriptor_); }

  int descriptor() const noexcept { return descriptor_; }

  void receive() {
    std::array<char, 256 * 1024> buffer;
    const ssize_t size = ::recv(descriptor_, buffer.data(), buffer.size(), 0);
    if (size <= 0) throw std::runtime_error("the server has closed a connection");
    counts_.bytesIn += static_cast<std::uint64_t>(size);
    received_.append(buffer.data(), static_cast<std::size_t>(size));
    if (!open_) {
      const std::size_t end = received_.find("\r\n\r\n");
      if (end == std::string::npos) return;
      open(received_.substr(0, end + 2));
      received_.erase(0, end + 4);
    }
    while (takeFrame()) {
    }
  }

 private:
  void open(const std::string& head) {
    if (!head.starts_with("HTTP/1.1 101")) throw std::runtime_error("the upgrade was refused");
    std::string small = head;
    std::transform(small.begin(), small.end(), small.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    const bool agreed = small.find("sec-websocket-extensions: permessage-deflate") != std::string::npos;
    const bool alone = small.find("server_no_context_takeover") != std::string::npos;
    if (!agreed || alone == takeover_) throw std::runtime_error("agreed on something else: " + head);
    open_ = true;
    send(circle_.frames[0]);
  }

  void send(const std::string& bytes) {
    const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent != static_cast<ssize_t>(bytes.size())) throw std::runtime_error("a message was not taken");
    counts_.bytesOut += bytes.size();
  }

  bool takeFrame() {
    const auto byte = [&](std::size_t at) {
      return std::uint64_t{static_cast<unsigned char>(received_[at])};
    };
    if (received_.size() < 2) return false;
    const std::uint64_t first = byte(0);
    std::uint64_t length = byte(1);
    const std::size_t extra = length == 126 ? 2 : length == 127 ? 8 : 0;
    if (received_.size() < 2 + extra) return false;
    if (extra != 0) length = 0;
    for (std::size_t i = 0; i < extra; ++i) length = length << 8 | byte(2 + i);
    if (received_.size() < 2 + extra + length) return false;
    if ((first & 0x08) == 0) {
      takeData(first, std::string_view(received_).substr(2 + extra, length));
    } else if (first != 0x89) {
      throw std::runtime_error("a control frame came that is no ping");
    }
    received_.erase(0, 2 + extra + length);
    return true;
  }

  void takeData(std::uint64_t first, std::string_view payload) {
    if (const bool begins = (first & 0x0F) != 0; begins) {
      if ((first & 0x40) == 0) throw std::runtime_error("a message came that is not compressed");
      if (checker_) checker_->begin();
    }
    if (checker_) checker_->add(payload);
    if ((first & 0x80) == 0) return;
    if (checker_) checker_->end(next_);
    ++counts_.messages;
    next_ = (next_ + 1) % circle_.texts.size();
    send(circle_.frames[next_]);
  }

  const bool takeover_;
  const Circle& circle_;
  Counts& counts_;
  std::optional<Checker> checker_;
  int descriptor_ = -1;
  std::string received_;
  std::size_t next_ = 0;
  bool open_ = false;
};

/// What one connection sends and receives for the circle, once it has been round.
Counts countOneRound(const Settings& settings, const Circle& circle) {
  Counts counts;
  Client client(settings, circle, counts, true);
  for (int round = 0; round < 2; ++round) {
    // The next is on its way already.
    counts = {.bytesOut = round == 0 ? 0 : circle.frames[0].size()};
    while (counts.messages < circle.texts.size()) client.receive();
  }
  counts.bytesOut -= circle.frames[0].size();
  return counts;
}

class Clients {
 public:
  Clients(const Settings& settings, const Circle& circle)
      : circle_(circle), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    check(epoll_, "epoll_create1");
    for (std::size_t i = 0; i < settings.connections; ++i) {
      clients_.push_back(std::make_unique<Client>(settings, circle_, counts, i % checkedOf == 0));
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.ptr = clients_.back().get();
      check(::epoll_ctl(epoll_, EPOLL_CTL_ADD, clients_.back()->descriptor(), &event), "epoll_ctl");
    }
  }

  void run(double seconds) {
    const auto end =
        Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
    while (Clock::now() < end) {
      std::array<epoll_event, 256> events;
      const int ready = ::epoll_wait(epoll_, events.data(), events.size(), 100);
      for (int i = 0; i < ready; ++i)
        static_cast<Client*>(events[static_cast<std::size_t>(i)].data.ptr)->receive();
    }
  }

  Counts counts;

 private:
  const Circle& circle_;
  const int epoll_;
  std::vector<std::unique_ptr<Client>> clients_;
};

Settings readSettings(int argc, char** argv) {
  std::map<std::string, std::string> given;
  for (int i = 1; i + 1 < argc; i += 2) given[argv[i]] = argv[i + 1];
  if (argc % 2 == 0 || !given.contains("--port") || !given.contains("--size") ||
      !given.contains("--takeover"))
    throw std::runtime_error("--port N, --size N and --takeover 0|1 are needed");
  Settings settings;
  settings.port = static_cast<std::uint16_t>(std::stoi(given["--port"]));
  settings.size = std::stoul(given["--size"]);
  settings.takeover = given["--takeover"] == "1";
  if (given.contains("--connections")) settings.connections = std::stoul(given["--connections"]);
  if (given.contains("--warm-up")) settings.warmUp = std::stod(given["--warm-up"]);
  if (given.contains("--duration")) settings.duration = std::stod(given["--duration"]);
  return settings;
}

/// Seconds that this process has been on a processor.
double ownCpu() {
  rusage use{};
  ::getrusage(RUSAGE_SELF, &use);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(use.ru_utime) + seconds(use.ru_stime);
}

}  // namespace

int main(int argc, char** argv) try {
  const Settings settings = readSettings(argc, argv);
  const Circle circle(settings.size, settings.takeover);
  const Counts round = countOneRound(settings, circle);
  Clients clients(settings, circle);
  clients.run(settings.warmUp);
  clients.counts = {};
  std::puts("measuring");
  std::fflush(stdout);
  const auto start = Clock::now();
  const double cpu = ownCpu();
  clients.run(settings.duration);
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  const auto each = [&](std::uint64_t bytes) {
    return static_cast<double>(bytes) / static_cast<double>(round.messages);
  };
  std::printf("{\"seconds\":%.3f,\"cpu\":%.6f,\"messages\":%llu,\"bytesIn\":%.2f,\"bytesOut\":%.2f}\n",
              seconds, ownCpu() - cpu, static_cast<unsigned long long>(clients.counts.messages),
              each(round.bytesIn), each(round.bytesOut));
} catch (const std::exception& error) {
  std::fprintf(stderr, "bench_deflate_echo: %s\n", error.what());
  return 1;
}
