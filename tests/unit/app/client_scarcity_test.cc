// What a client does when memory runs out on its way to a server, or on the way back to it: the attempt fails
// as any other does, and what runs the loop notices nothing.
#include <doctest/doctest.h>

#include <future>
#include <new>
#include <string>
#include <thread>

#include <duplex/duplex.h>

#include "net/alarm.h"
#include "net/backend.h"
#include "net/loop.h"
#include "support/certificates.h"
#include "support/dns_server.h"
#include "support/http_proxy.h"
#include "support/loops.h"
#include "support/scarce_memory.h"
#include "support/tls_ends.h"
#include "transport/resolver.h"

using namespace duplex;

namespace {

/// A server, its name server and a proxy, on a thread of their own, which has all the memory it wants.
class Elsewhere {
 public:
  Elsewhere() {
    std::promise<void> ready;
    thread_ = std::thread([this, &ready] {
      net::Loop loop("epoll");
      App app;
      app.ws("/", {.message = [](WebSocket ws, const Message& message) { ws.send(message); }});
      app.ws("/cut", {.message = [](WebSocket ws, const Message& message) {
               if (message.text() == "again") return ws.close(1000);
               ws.terminate();
             }});
      app.all("/moved", [this](Request&, Response& res) { res.redirect("ws://" + plain + "/"); });
      plain = app.listen(0, "127.0.0.1").string();
      secure = app.listenTls(0, test::Identities::get().localhost.server(), "127.0.0.1").string();
      test::HttpProxy proxyServer(loop, Address::parse("127.0.0.1", portOf(plain)));
      proxy = proxyServer.authority();
      test::DnsServer dns(loop);
      dns.know("both.test", test::DnsServer::A, {{"127.0.0.1"}});
      // Nobody listens there.
      dns.know("both.test", test::DnsServer::AAAA, {{"::1"}});
      names = dns.address();
      mailbox_ = &loop.mailbox();
      ready.set_value();
      loop.run();
    });
    ready.get_future().get();
  }
  ~Elsewhere() {
    mailbox_->post([] { net::Loop::current().stop(); });
    thread_.join();
  }

  static std::uint16_t portOf(const std::string& authority) {
    return static_cast<std::uint16_t>(std::stoi(authority.substr(authority.rfind(':') + 1)));
  }
  std::string byName() const { return "ws://both.test:" + std::to_string(portOf(plain)); }

  std::string plain;
  std::string secure;
  std::string proxy;
  std::string names;

 private:
  net::Mailbox* mailbox_ = nullptr;
  std::thread thread_;
};

/// What became of one client, from its constructor to its close event.
struct Life {
  bool thrown = false;
  int opened = 0;
  int errors = 0;
  int closed = 0;
  CloseEvent end;
  bool wasShort = false;

  bool isGood() const { return !thrown && opened > 0 && errors == 0 && closed == 1 && end.wasClean; }
  /// It is told once, in one way.
  bool hasFailed() const { return thrown ? opened + errors + closed == 0 : errors == 1 && closed == 1; }
};

/// Has a client say something each time it is open, and close when it hears something, while allocation
/// number `allocation` fails; none if that is negative.
Life live(net::Loop& loop, const std::string& url, const ClientOptions& options, long allocation) {
  Life life;
  WebSocket ws;
  const auto scarcely = [](auto&& call) {
    test::isScarce = true;
    try {
      call();
    } catch (...) {
      test::isScarce = false;
      throw;
    }
    test::isScarce = false;
  };
  test::untilFailure = allocation;
  try {
    scarcely([&] { ws = WebSocket(url, options); });
  } catch (const std::bad_alloc&) {
    life.thrown = true;
  }
  if (!life.thrown) {
    ws.onopen([&life, ws] { ws.send(++life.opened == 1 ? "first" : "again"); });
    ws.onmessage([ws](const Message&) { ws.close(1000); });
    ws.onerror([&life](const Error&) { ++life.errors; });
    ws.onclose([&life](const CloseEvent& end) {
      ++life.closed;
      life.end = end;
    });
    bool escaped = false;
    REQUIRE(test::turnUntil(loop, [&] {
      try {
        scarcely([&] { loop.turn(loop.now() + Milliseconds(5)); });
      } catch (const std::bad_alloc&) {
        escaped = true;
      }
      return life.closed != 0;
    }));
    CHECK_FALSE(escaped);
  }
  life.wasShort = test::untilFailure.exchange(-1) < 0 && allocation >= 0;
  return life;
}

struct Overdue {
  explicit Overdue(net::Loop& of) : loop(of) { loop.schedule(alarm, Milliseconds(20'000)); }
  void stop() {
    is = true;
    loop.stop();
  }
  net::Loop& loop;
  bool is = false;
  net::Alarm<Overdue> alarm{*this, &Overdue::stop};
};

/// Fails each allocation in turn, each on a loop that has kept no memory.
void failEach(const char* backend, const Elsewhere& elsewhere, const std::string& url,
              const ClientOptions& options) {
  int failures = 0;
  for (long allocation = 0;; ++allocation) {
    CAPTURE(url);
    CAPTURE(allocation);
    net::Loop loop(backend);
    loop.local<transport::Resolver>().setServers(elsewhere.names);
    const Life life = live(loop, url, options, allocation);
    CHECK((life.isGood() || (life.wasShort && life.hasFailed())));
    // Whatever that did, all is well for those who come after it.
    CHECK(live(loop, url, options, -1).isGood());
    // Nor does anything keep the loop alive.
    Overdue overdue(loop);
    loop.run();
    CHECK_FALSE(overdue.is);
    if (!life.wasShort) break;
    ++failures;
  }
  CHECK(failures > 20);
}

void failEachOfEach(const char* backend) {
  const Elsewhere elsewhere;
  const Reconnect atOnce{.maxTries = 3, .delay = Milliseconds(1)};
  SUBCASE("by a name") {
    failEach(backend, elsewhere, elsewhere.byName(), {});
  }
  SUBCASE("through a proxy") {
    failEach(backend, elsewhere, "ws://somewhere.test", {.proxy = "http://" + elsewhere.proxy});
  }
  SUBCASE("redirected") {
    failEach(backend, elsewhere, "ws://" + elsewhere.plain + "/moved", {.maxRedirects = 1});
  }
  SUBCASE("cut, and back again") {
    failEach(backend, elsewhere, elsewhere.byName() + "/cut", {.reconnect = atOnce});
  }
  SUBCASE("over TLS") {
    failEach(backend, elsewhere, "wss://" + elsewhere.secure, {.tls = test::trusting()});
  }
}

}  // namespace

TEST_CASE("whichever allocation of a client fails, it fails as clients do (epoll)") {
  failEachOfEach("epoll");
}

TEST_CASE("whichever allocation of a client fails, it fails as clients do (io_uring)") {
  if (!net::whyNoUring()) failEachOfEach("uring");
}
