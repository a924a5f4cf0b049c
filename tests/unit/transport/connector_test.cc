#include "transport/connector.h"

#include <doctest/doctest.h>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <system_error>
#include <vector>

#include <duplex/error.h>

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

/// A port of `ip` that answers nothing: its queue of connections is full.
class SilentPort {
 public:
  SilentPort(const char* ip, std::uint16_t port) {
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_port = htons(port);
    ::inet_pton(AF_INET, ip, &name.sin_addr);
    open(name, true);
    for (int i = 0; i < 4; ++i) open(name, false);
  }
  SilentPort(const SilentPort&) = delete;
  SilentPort& operator=(const SilentPort&) = delete;
  ~SilentPort() {
    for (const int descriptor : descriptors_) ::close(descriptor);
  }

 private:
  void open(const sockaddr_in& name, bool listens) {
    const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    descriptors_.push_back(descriptor);
    const auto* address = reinterpret_cast<const sockaddr*>(&name);
    if (!listens) {
      ::connect(descriptor, address, sizeof name);
      return;
    }
    REQUIRE(::bind(descriptor, address, sizeof name) == 0);
    REQUIRE(::listen(descriptor, 0) == 0);
  }

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
    transport::Listener listener(loop, Address::parse("127.0.0.3", 0), [&](net::Accepted connection) {
      ++accepted;
      loop.discard(connection);
    });
    const std::uint16_t port = listener.address().port();
    const SilentPort silent("127.0.0.1", port);
    // Nobody listens on ::1 and 127.0.0.2 at this port.
    dns.know("mixed.test", DnsServer::AAAA, {.addresses = {"::1"}});
    dns.know("mixed.test", DnsServer::A, {.addresses = {"127.0.0.1", "127.0.0.2", "127.0.0.3"}});
    Attempt attempt(loop, "mixed.test", port);
    CHECK(turnUntil(loop, [&] { return attempt.done && accepted == 1; }));
    CHECK_FALSE(attempt.error);
    REQUIRE(attempt.stream);
    CHECK(attempt.stream.remoteAddress() == listener.address());
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
