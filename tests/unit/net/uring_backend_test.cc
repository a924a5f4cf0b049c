#include "net/uring_backend.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include "net/loop.h"
#include "support/loops.h"

using namespace duplex;
using test::turnUntil;

namespace {

const Address anyPort = Address::parse("127.0.0.1", 0);

/// Both ends of connections: what the peers send comes back.
struct Echo final : net::SocketHandler {
  explicit Echo(net::Loop& loop, const net::Accepted& accepted) : socket(&loop.adopt(accepted, *this)) {}
  void onData(MutableBytes bytes) override {
    if (before) before();
    // From where it lies, as much as goes.
    const std::size_t head = std::min<std::size_t>(bytes.size(), fromThere ? 4 : 0);
    const std::size_t taken = fromThere ? socket->writeNow(bytes.first(head), bytes.subspan(head)) : 0;
    if (taken < bytes.size()) socket->output().append(bytes.subspan(taken));
  }
  void onEnd() override { socket->shutdown(); }
  void onDrained() override {
    ++drained;
    if (throws) throw std::runtime_error("drained");
  }
  void onFailed(std::error_code) override { socket = nullptr; }
  net::Socket* socket;
  int drained = 0;
  bool throws = false;
  bool fromThere = false;
  Function<void()> before;
};

struct EchoServer final : net::AcceptHandler {
  explicit EchoServer(net::Loop& on, bool fromThere = false)
      : loop(on), echoesFromThere(fromThere), listening(on.listen(anyPort, *this)) {}
  ~EchoServer() {
    loop.stopListening(listening);
    for (const auto& end : ends) {
      if (end->socket != nullptr) end->socket->close();
    }
  }
  void onAccepted(net::Accepted accepted) override {
    ends.push_back(std::make_unique<Echo>(loop, accepted));
    ends.back()->fromThere = echoesFromThere;
  }

  net::Loop& loop;
  const bool echoesFromThere;
  net::Listening listening;
  std::vector<std::unique_ptr<Echo>> ends;
};

struct Client final : net::SocketHandler {
  Client(net::Loop& loop, const Address& address) : socket(&loop.connect(address, *this)) {}
  Client(net::Loop& loop, const Address& address, const std::string& text) : Client(loop, address) {
    send(text);
    socket->shutdown();
  }
  ~Client() {
    if (socket != nullptr) socket->close();
  }
  void send(const std::string& text) {
    socket->output().append(text);
    sent += text;
  }
  void onData(MutableBytes bytes) override { received += asText(bytes); }
  void onEnd() override { ended = true; }
  void onFailed(std::error_code) override {
    failed = true;
    socket = nullptr;
  }

  std::string sent;
  std::string received;
  bool ended = false;
  bool failed = false;
  net::Socket* socket;
};

/// Echoes over so many connections at once, through a ring with these options.
void echoes(const net::UringOptions& options, std::size_t connections, std::size_t size,
            bool fromThere = false) {
  net::Loop loop([&](net::Loop& made) { return std::make_unique<net::UringBackend>(made, options); });
  EchoServer server(loop, fromThere);
  std::vector<std::unique_ptr<Client>> clients;
  for (std::size_t i = 0; i < connections; ++i) {
    std::string text(size, static_cast<char>('a' + i % 26));
    clients.push_back(std::make_unique<Client>(loop, server.listening.address, text));
  }
  const auto done = [&] {
    for (const auto& client : clients) {
      if (!client->ended && !client->failed) return false;
    }
    return true;
  };
  CHECK(turnUntil(loop, done));
  for (const auto& client : clients) CHECK((client->received == client->sent));
}

}  // namespace

TEST_SUITE("uring back end" * doctest::skip(net::whyNoUring().value() != 0)) {
  TEST_CASE("completions beyond the queue's length are not lost") {
    echoes({.submissions = 64, .completions = 64}, 200, 100);
    echoes({.submissions = 1, .completions = 2}, 100, 100);
    echoes({.submissions = 2, .completions = 4}, 20, 1'000'000);
  }

  TEST_CASE("more arrives at once than there are buffers for") {
    echoes({.receiveMemory = 4096}, 100, 64 * 1024);
    echoes({.submissions = 16, .completions = 16, .receiveMemory = 64}, 20, 100'000);
  }

  TEST_CASE("answers from where the question was received are whole, whatever is received meanwhile") {
    echoes({}, 100, 200'000, true);
    echoes({.submissions = 16, .completions = 16}, 100, 100'000, true);
    echoes({.receiveMemory = 4096}, 100, 64 * 1024, true);
    echoes({.submissions = 64, .completions = 256, .receiveMemory = 64 * 1024}, 50, 300'000, true);
  }

  TEST_CASE("an answer is sent before another receive gets the buffer that it lies in") {
    constexpr std::size_t buffer = 8192;
    net::Loop loop([&](net::Loop& made) {
      return std::make_unique<net::UringBackend>(made, net::UringOptions{.receiveMemory = 4 * buffer});
    });
    EchoServer server(loop, true);
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < 5; ++i) {
      clients.push_back(std::make_unique<Client>(loop, server.listening.address));
      REQUIRE(turnUntil(loop, [&] { return server.ends.size() == clients.size(); }));
    }
    // What the last has sent is waiting, and is asked for when the first of the others is answered.
    net::Socket& waiting = *server.ends.back()->socket;
    waiting.pause();
    clients.back()->send(std::string(4 * buffer, 'x'));
    for (int i = 0; i < 20; ++i) loop.turn(loop.now());
    server.ends.front()->before = [&] { waiting.resume(); };
    // The others fill all buffers at once.
    for (std::size_t i = 0; i < 4; ++i) clients[i]->send(std::string(buffer, static_cast<char>('a' + i)));
    const auto done = [&] {
      return std::all_of(clients.begin(), clients.end(),
                         [](const auto& client) { return client->received.size() >= client->sent.size(); });
    };
    CHECK(turnUntil(loop, done));
    for (const auto& client : clients) CHECK((client->received == client->sent));
  }

  TEST_CASE("answers from there of which more fall short at once than there is room to tell") {
    net::Loop loop([&](net::Loop& made) {
      return std::make_unique<net::UringBackend>(made,
                                                 net::UringOptions{.submissions = 16, .completions = 16});
    });
    EchoServer server(loop, true);
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < 30; ++i) {
      clients.push_back(std::make_unique<Client>(loop, server.listening.address));
      clients.back()->socket->pause();
    }
    REQUIRE(turnUntil(loop, [&] { return server.ends.size() == clients.size(); }));
    // Nobody reads until the kernel is full, of all at about the same time.
    std::string text(50'000, ' ');
    for (int round = 0; round < 100; ++round) {
      std::iota(text.begin(), text.end(), static_cast<char>(round));
      for (const auto& client : clients) client->send(text);
      for (int i = 0; i < 3; ++i) loop.turn(loop.now());
    }
    for (const auto& client : clients) client->socket->resume();
    const auto done = [&] {
      return std::all_of(clients.begin(), clients.end(),
                         [](const auto& client) { return client->received.size() >= client->sent.size(); });
    };
    CHECK(turnUntil(loop, done, 20'000));
    for (const auto& client : clients) CHECK((client->received == client->sent));
  }

  TEST_CASE("sends that are handed over while others are settled lose nothing") {
    net::Loop loop([&](net::Loop& made) {
      return std::make_unique<net::UringBackend>(made, net::UringOptions{.submissions = 4});
    });
    EchoServer server(loop);
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < 40; ++i) {
      clients.push_back(std::make_unique<Client>(loop, server.listening.address, ""));
    }
    CHECK(turnUntil(loop, [&] { return server.ends.size() == clients.size(); }));
    // Nobody reads until the kernel is full.
    for (const auto& client : clients) client->socket->pause();
    std::string expected;
    for (int i = 0; i < 6000; ++i) {
      const auto frame = Ref<SharedBytes>::adopt(new SharedBytes(1000));
      std::memset(frame->writable().data(), 'a' + i % 26, frame->size());
      for (const auto& end : server.ends) end->socket->share(frame);
      expected += asText(frame->bytes());
    }
    for (int i = 0; i < 300; ++i) loop.turn(loop.now());
    for (const auto& client : clients) client->socket->resume();
    const auto done = [&] {
      return std::all_of(clients.begin(), clients.end(),
                         [&](const auto& client) { return client->received.size() >= expected.size(); });
    };
    CHECK(turnUntil(loop, done, 20'000));
    for (const auto& client : clients) CHECK((client->received == expected));
  }

  TEST_CASE("a handler that throws while sends are settled takes nothing from the others") {
    net::Loop loop([&](net::Loop& made) { return std::make_unique<net::UringBackend>(made); });
    EchoServer server(loop);
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < 10; ++i) {
      clients.push_back(std::make_unique<Client>(loop, server.listening.address, ""));
    }
    CHECK(turnUntil(loop, [&] { return server.ends.size() == clients.size(); }));
    for (const auto& end : server.ends) {
      end->throws = true;
      end->socket->output().append(asBytes("text"));
      end->socket->notifyDrained();
    }
    std::size_t thrown = 0;
    const auto turned = [&] {
      try {
        loop.turn(loop.now());
      } catch (const std::runtime_error&) {
        ++thrown;
      }
      return thrown == server.ends.size() &&
             std::all_of(clients.begin(), clients.end(),
                         [](const auto& client) { return client->received == "text"; });
    };
    bool done = false;
    for (int i = 0; i < 1000 && !done; ++i) done = turned();
    CHECK(done);
    for (const auto& end : server.ends) CHECK(end->drained == 1);
  }

  TEST_CASE("sends that are handed over while what such a handler left over is settled lose nothing") {
    net::Loop loop([&](net::Loop& made) {
      return std::make_unique<net::UringBackend>(made, net::UringOptions{.submissions = 2});
    });
    EchoServer server(loop);
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < 9; ++i) {
      clients.push_back(std::make_unique<Client>(loop, server.listening.address));
      clients.back()->socket->pause();
    }
    REQUIRE(turnUntil(loop, [&] { return server.ends.size() == clients.size(); }));
    for (const auto& end : server.ends) end->socket->output().append(asBytes("text"));
    Echo& middle = *server.ends[server.ends.size() / 2];
    middle.throws = true;
    middle.socket->notifyDrained();
    loop.turn(loop.now());
    // Behind that, of all others, more than the kernel takes: a send that falls short.
    const auto rest = Ref<SharedBytes>::adopt(new SharedBytes(8'000'000));
    const MutableBytes bytes = rest->writable();
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i / 1000);
    for (const auto& end : server.ends) {
      if (end.get() != &middle) end->socket->share(rest);
    }
    CHECK_THROWS_AS(loop.turn(loop.now()), std::runtime_error);
    for (int i = 0; i < 10; ++i) loop.turn(loop.now());
    for (const auto& client : clients) client->socket->resume();
    const std::string expected = "text" + std::string(asText(rest->bytes()));
    const auto done = [&] {
      return std::count_if(clients.begin(), clients.end(), [&](const auto& client) {
               return client->received.size() >= expected.size();
             }) == 8;
    };
    CHECK(turnUntil(loop, done, 5'000));
    for (const auto& client : clients) CHECK((client->received == "text" || client->received == expected));
  }

  TEST_CASE("sends that the kernel takes in parts are completed") {
    echoes({}, 4, 20'000'000);
  }
}
