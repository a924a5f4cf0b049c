// Sessions that are resumed while the keys of their tickets change, by a clock of the test's own.
#include "transport/tls_tickets.h"

#include <doctest/doctest.h>

#include <openssl/ssl.h>

#include <atomic>
#include <chrono>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/bytes.h"
#include "net/loop.h"
#include "support/certificates.h"
#include "support/loops.h"
#include "support/tls_ends.h"

using namespace duplex;
using namespace std::chrono_literals;
using transport::TicketKeys;

namespace {

// Since the clock began.
std::atomic<std::chrono::seconds> hands{0s};
TimePoint now() {
  return TimePoint(hands.load());
}
void pass(std::chrono::seconds time) {
  hands = hands.load() + time;
}

std::string nameOf(const TicketKeys::Key& key) {
  return std::string(asText(std::as_bytes(std::span(key.name))));
}

bool knows(TicketKeys& keys, const std::string& name) {
  bool isOld = false;
  return keys.find(name, isOld).has_value();
}

/// A client with sessions of its own, which no other test's are.
class Client {
 public:
  Client(net::Loop& loop, const std::string& name, int version) : loop_(loop), version_(version) {
    TlsClientOptions as = test::trusting();
    as.serverName = "localhost";
    as.passphrase = name + std::to_string(version);
    context_ = loop.local<transport::TlsClients>().context(as);
  }

  /// Connects, and hears something, for with that come tickets. Whether the session was resumed.
  bool resumes(test::TlsServer& server) {
    test::TlsClient client(loop_, server.listening.address, [this](transport::Stream& stream) {
      transport::SslPtr ssl = context_->connect("localhost", 1);
      SSL_set_max_proto_version(ssl.get(), version_);
      stream.startTls(Ref<transport::TlsContext>(context_.get()), std::move(ssl));
    });
    const std::size_t number = server.ends.size();
    REQUIRE(test::turnUntil(loop_, [&] {
      return client.end.connected && server.ends.size() == number + 1 && server.ends[number]->connected;
    }));
    server.ends[number]->stream.output().append("?");
    REQUIRE(test::turnUntil(loop_, [&] { return client.end.received == "?"; }));
    CHECK(client.end.stream.resumed() == server.ends[number]->stream.resumed());
    return client.end.stream.resumed();
  }

 private:
  net::Loop& loop_;
  const int version_;
  Ref<transport::TlsClientContext> context_;
};

}  // namespace

TEST_CASE("a key of tickets is used for twelve hours, and opens them as long as they live") {
  TicketKeys keys(2h, &now);
  const std::string first = nameOf(keys.current());
  pass(12h - 1s);
  CHECK(nameOf(keys.current()) == first);
  pass(1s);
  const std::string second = nameOf(keys.current());
  CHECK(second != first);
  bool isOld = false;
  CHECK(keys.find(second, isOld));
  CHECK_FALSE(isOld);
  CHECK(keys.find(first, isOld));
  CHECK(isOld);
  pass(2h - 1s);
  CHECK(knows(keys, first));
  pass(1s);
  CHECK_FALSE(knows(keys, first));
  CHECK(knows(keys, second));
  CHECK_FALSE(knows(keys, std::string(16, 'x')));
}

TEST_CASE("of tickets that live longer than a key is used, several keys are kept") {
  TicketKeys keys(30h, &now);
  std::vector<std::string> names;
  for (int i = 0; i < 4; ++i) {
    names.push_back(nameOf(keys.current()));
    pass(12h);
  }
  CHECK(std::set(names.begin(), names.end()).size() == 4);
  CHECK_FALSE(knows(keys, names[0]));
  for (int i = 1; i < 4; ++i) CHECK(knows(keys, names[static_cast<std::size_t>(i)]));
}

TEST_CASE("many threads have the same keys, also while they change") {
  TicketKeys keys(2h, &now);
  std::atomic<bool> lost{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 2'000; ++j) {
        const std::string name = nameOf(keys.current());
        if (!knows(keys, name)) lost = true;
      }
    });
  }
  // No ticket gets older meanwhile than it may.
  pass(12h);
  for (std::thread& thread : threads) thread.join();
  CHECK_FALSE(lost);
}

TEST_CASE("sessions are resumed over a change of keys, and not for ever") {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    CAPTURE(version);
    test::SimLoop sim;
    test::TlsServer server(sim.loop, test::Identities::get().localhost.server(), &now);
    Client steady(sim.loop, "steady", version);
    Client late(sim.loop, "late", version);
    CHECK_FALSE(steady.resumes(server));
    CHECK_FALSE(late.resumes(server));
    CHECK(steady.resumes(server));
    pass(12h);
    // By the old key, and with a ticket of the new one from then on; but OpenSSL's client of TLS 1.2 keeps
    // none that comes with a handshake which was short already.
    CHECK(steady.resumes(server));
    pass(2h);
    CHECK(steady.resumes(server) == (version == TLS1_3_VERSION));
    CHECK(steady.resumes(server));
    CHECK_FALSE(late.resumes(server));
    CHECK(late.resumes(server));
  }
}
