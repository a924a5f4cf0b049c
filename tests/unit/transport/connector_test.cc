#include "transport/connector.h"

#include <doctest/doctest.h>

#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include <duplex/error.h>

#include "net/posix_socket.h"
#include "support/dns_server.h"
#include "support/loops.h"
#include "transport/listener.h"
#include "transport/resolver.h"

using namespace duplex;
using namespace std::chrono_literals;
using test::DnsServer;
using test::turnUntil;
using transport::Connector;
using transport::Stream;

namespace {

/// A port that is taken and where nobody listens: connections are refused.
class TakenPort {
 public:
  explicit TakenPort(const Address& address) : name_(address) {
    const int descriptor = open();
    // What connections of others left there does not matter.
    const int on = 1;
    ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    taken_ = ::bind(descriptor, name_.get(), name_.size) == 0;
  }
  TakenPort(const TakenPort&) = delete;
  TakenPort& operator=(const TakenPort&) = delete;
  ~TakenPort() {
    for (const int descriptor : descriptors_) ::close(descriptor);
  }
  /// Not so when it was another's.
  bool taken() const noexcept { return taken_; }
  /// From now on connections are not answered at all: the queue of them is full.
  void silence() {
    REQUIRE(::listen(descriptors_.front(), 0) == 0);
    for (int i = 0; i < 4; ++i) ::connect(open(), name_.get(), name_.size);
  }

 private:
  int open() {
    return descriptors_.emplace_back(::socket(name_.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK, 0));
  }

  net::SocketAddress name_;
  bool taken_ = false;
  std::vector<int> descriptors_;
};

struct Attempt final : net::SocketHandler {
  Attempt(net::Loop& loop, const std::string& host, std::uint16_t port)
      : connector(loop, host, port, [this](std::error_code why, Stream made) {
          done = true;
          error = why;
          if (!made) return;
          stream = std::move(made);
          stream.setHandler(*this);
        }) {}
  void onData(MutableBytes) override {}
  void onEnd() override {}
  void onFailed(std::error_code) override { stream.forget(); }

  Stream stream;
  bool done = false;
  std::error_code error;
  Connector connector;
};

}  // namespace

TEST_CASE("a host with an address that is silent, one that refuses and one that answers") {
  const auto check = [](net::Loop& loop) {
    DnsServer dns(loop);
    loop.local<transport::Resolver>().setServers(dns.address());
    int accepted = 0;
    std::unique_ptr<transport::Listener> listener;
    std::unique_ptr<TakenPort> silent;
    std::unique_ptr<TakenPort> refusing;
    std::uint16_t port = 0;
    // The port of the one may be another's at the next address.
    for (int tries = 0; silent == nullptr || !silent->taken() || !refusing->taken(); ++tries) {
      REQUIRE(tries < 100);
      listener = std::make_unique<transport::Listener>(loop, Address::parse("127.0.0.3", 0),
                                                       [&](net::Accepted connection) {
                                                         ++accepted;
                                                         loop.discard(connection);
                                                       });
      port = listener->address().port();
      silent = std::make_unique<TakenPort>(Address::parse("127.0.0.1", port));
      refusing = std::make_unique<TakenPort>(Address::parse("127.0.0.2", port));
    }
    silent->silence();
    // Nobody listens on ::1 at this port.
    dns.know("mixed.test", DnsServer::AAAA, {.addresses = {"::1"}});
    dns.know("mixed.test", DnsServer::A, {.addresses = {"127.0.0.1", "127.0.0.2", "127.0.0.3"}});
    Attempt attempt(loop, "mixed.test", port);
    CHECK(turnUntil(loop, [&] { return attempt.done && accepted == 1; }));
    CHECK_FALSE(attempt.error);
    REQUIRE(attempt.stream);
    CHECK(attempt.stream.remoteAddress() == listener->address());
  };
  {
    net::Loop loop("epoll");
    check(loop);
  }
  if (!net::whyNoUring()) {
    net::Loop loop("uring");
    check(loop);
  }
}

TEST_CASE("a name that is not known, and a host that refuses") {
  net::Loop loop("epoll");
  DnsServer dns(loop);
  loop.local<transport::Resolver>().setServers(dns.address());
  Attempt unknown(loop, "none.test", 80);
  CHECK(turnUntil(loop, [&] { return unknown.done; }));
  CHECK(unknown.error == Errc::NameNotFound);
  std::uint16_t port = 0;
  {
    const transport::Listener gone(loop, Address::parse("127.0.0.1", 0), [](net::Accepted) {});
    port = gone.address().port();
  }
  dns.know("here.test", DnsServer::A, {.addresses = {"127.0.0.1"}});
  Attempt refused(loop, "here.test", port);
  CHECK(turnUntil(loop, [&] { return refused.done; }));
  CHECK(refused.error == std::errc::connection_refused);
}
