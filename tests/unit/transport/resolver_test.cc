#include "transport/resolver.h"

#include <doctest/doctest.h>

#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/dns_server.h"
#include "support/loops.h"

using namespace duplex;
using namespace std::chrono_literals;
using test::DnsServer;
using test::turnUntil;
using transport::Resolver;

namespace {

/// Name servers live in real time: no simulated network.
template <class Test>
void overEachKernel(Test&& test) {
  {
    net::Loop loop("epoll");
    test(loop);
  }
  if (!net::whyNoUring()) {
    net::Loop loop("uring");
    test(loop);
  }
}

/// A query and its answers: the addresses of each, joined by spaces.
struct Lookup {
  Lookup(net::Loop& loop, const std::string& host)
      : id(loop.local<Resolver>().resolve(host, 80, [this](std::vector<Address> addresses, bool isLast) {
          std::string text;
          for (const Address& address : addresses) text += (text.empty() ? "" : " ") + address.string();
          answers.push_back(text);
          last = isLast;
        })) {}

  std::vector<std::string> answers;
  bool last = false;
  std::uint64_t id;
};

using Answers = std::vector<std::string>;

/// A name in the hosts file that is not localhost, and its IPv4 address; empty if there is none.
std::pair<std::string, std::string> hostsEntry() {
  std::ifstream file("/etc/hosts");
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line.substr(0, line.find('#')));
    std::string address;
    words >> address;
    if (Address::parse(address, 0).family() != Address::Family::V4) continue;
    for (std::string name; words >> name;) {
      if (transport::resolveLocally(name, 0).empty()) return {name, address};
    }
  }
  return {};
}

}  // namespace

TEST_CASE("both families are asked for at once, and each answer is told when it is there") {
  overEachKernel([](net::Loop& loop) {
    DnsServer dns(loop);
    loop.local<Resolver>().setServers(dns.address());
    dns.know("both.test", DnsServer::A, {.addresses = {"127.0.0.1", "127.0.0.2"}});
    dns.know("both.test", DnsServer::AAAA, {.addresses = {"::1"}, .delay = 30ms});
    Lookup lookup(loop, "both.test");
    CHECK(turnUntil(loop, [&] { return lookup.last; }));
    REQUIRE(lookup.answers.size() == 2);
    CHECK(lookup.answers[0].find("127.0.0.1:80") != std::string::npos);
    CHECK(lookup.answers[0].find("127.0.0.2:80") != std::string::npos);
    CHECK(lookup.answers[1] == "[::1]:80");
    CHECK(dns.questions == Answers{"both.test AAAA", "both.test A"});
  });
}

TEST_CASE("a family that the server says nothing about holds the other one not up") {
  overEachKernel([](net::Loop& loop) {
    DnsServer dns(loop);
    loop.local<Resolver>().setServers(dns.address());
    dns.know("half.test", DnsServer::A, {.addresses = {"127.0.0.1"}});
    dns.know("half.test", DnsServer::AAAA, {.silent = true});
    Lookup lookup(loop, "half.test");
    CHECK(turnUntil(loop, [&] { return !lookup.answers.empty(); }));
    CHECK(lookup.answers == Answers{"127.0.0.1:80"});
    CHECK_FALSE(lookup.last);
    loop.local<Resolver>().cancel(lookup.id);
    // What is not answered keeps the loop no longer alive.
    loop.run();
  });
}

TEST_CASE("a name that does not exist, and one without addresses") {
  overEachKernel([](net::Loop& loop) {
    DnsServer dns(loop);
    loop.local<Resolver>().setServers(dns.address());
    dns.know("bare.test", DnsServer::A, {});
    for (const char* name : {"none.test", "bare.test"}) {
      Lookup lookup(loop, name);
      CHECK(turnUntil(loop, [&] { return lookup.last; }));
      CHECK(lookup.answers == Answers{"", ""});
    }
  });
}

TEST_CASE("the hosts file comes first, and needs no server") {
  const auto [name, address] = hostsEntry();
  if (name.empty()) return;
  overEachKernel([&name = name, &address = address](net::Loop& loop) {
    DnsServer dns(loop);
    loop.local<Resolver>().setServers(dns.address());
    Lookup lookup(loop, name);
    CHECK(turnUntil(loop, [&] { return lookup.last; }));
    REQUIRE(lookup.answers.size() == 1);
    CHECK(lookup.answers[0].find(address + ":80") != std::string::npos);
    CHECK(dns.questions.empty());
  });
}

TEST_CASE("literals and localhost are known without a question") {
  overEachKernel([](net::Loop& loop) {
    DnsServer dns(loop);
    loop.local<Resolver>().setServers(dns.address());
    Lookup literal(loop, "::1");
    Lookup local(loop, "app.localhost");
    CHECK(literal.answers.empty());
    CHECK(turnUntil(loop, [&] { return literal.last && local.last; }));
    CHECK(literal.answers == Answers{"[::1]:80"});
    CHECK(local.answers == Answers{"127.0.0.1:80 [::1]:80"});
    CHECK(dns.questions.empty());
  });
}

TEST_CASE("a query may be cancelled in its first answer") {
  overEachKernel([](net::Loop& loop) {
    DnsServer dns(loop);
    Resolver& resolver = loop.local<Resolver>();
    resolver.setServers(dns.address());
    dns.know("both.test", DnsServer::A, {.addresses = {"127.0.0.1"}});
    dns.know("both.test", DnsServer::AAAA, {.addresses = {"::1"}});
    int answers = 0;
    std::uint64_t id = 0;
    id = resolver.resolve("both.test", 80, [&](std::vector<Address>, bool) {
      ++answers;
      resolver.cancel(id);
    });
    loop.run();
    CHECK(answers == 1);
  });
}

TEST_CASE("what is no list of servers") {
  net::Loop loop("epoll");
  CHECK_THROWS_AS(loop.local<Resolver>().setServers("not a server"), std::invalid_argument);
}
