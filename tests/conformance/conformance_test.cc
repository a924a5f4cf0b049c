// Every case of the suite against our server and our client: over each back end, with and without TLS, whole
// and byte by byte. And against a server that believes all it is sent, which shows that the cases can fail.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <duplex/app.h>
#include <duplex/websocket.h>

#include "check/catalogue.h"
#include "check/client_check.h"
#include "check/report.h"
#include "check/server_check.h"
#include "protocol/handshake.h"
#include "protocol/mask.h"
#include "support/certificates.h"
#include "support/loops.h"
#include "transport/listener.h"
#include "transport/stream.h"
#include "transport/tls_client.h"
#include "transport/tls_context.h"

using namespace duplex;
using namespace duplex::check;

namespace {

constexpr std::size_t MiB = 1024 * 1024;
constexpr int manyTurns = 100'000'000;

struct Manner {
  bool bytewise = false;
  bool tls = false;
};

Settings settings(const Manner& manner) {
  // Our own end fails at once where it has to; what is slow is the machine.
  return {.patience = Milliseconds(60'000),
          .limit = Milliseconds(3'600'000),
          .grace = Milliseconds(1'000),
          .bytewise = manner.bytewise,
          .parallel = 16};
}

/// Byte by byte the long messages would show nothing that the short ones do not. Messages are inflated when
/// they are whole, and TLS does not know that they are compressed: of these cases a part is asked there.
std::vector<const Case*> casesFor(Role role, const Manner& manner) {
  std::vector<const Case*> cases = selectCases(role);
  if (manner.bytewise)
    std::erase_if(cases, [](const Case* each) { return each->family() == 9 || each->chop > 1; });
  if (manner.bytewise || manner.tls) {
    // The sizes of messages recur every six.
    constexpr std::size_t part = 5;
    std::size_t count = 0;
    std::erase_if(cases, [&](const Case* each) { return each->family() >= 12 && count++ % part != 0; });
  }
  return cases;
}

/// No case fails, and none is answered less strictly than it could be.
struct Tally {
  std::map<Verdict, std::size_t> count{};
  std::size_t all = 0;

  void operator()(const Result& result) {
    ++count[result.verdict];
    ++all;
    if (result.verdict == Verdict::Fail || result.verdict == Verdict::NonStrict) {
      FAIL_CHECK(describe(result, false));
    }
  }
};

void echo(WebSocket ws, const Message& message) {
  ws.send(message);
}

void askServer(net::Loop& loop, const std::vector<const Case*>& cases, const Manner& manner, Tally& tally) {
  App app;
  app.ws("/", {.message = &echo,
               .limits = {.maxMessageSize = 64 * MiB, .maxBufferedAmount = 256 * MiB},
               .compression = {.mode = Compression::Dedicated, .threshold = 0}});
  const auto& ids = test::Identities::get();
  const Address address =
      manner.tls ? app.listenTls(0, ids.localhost.server(), "127.0.0.1") : app.listen(0, "127.0.0.1");
  Target target{.address = address, .authority = address.string()};
  if (manner.tls) {
    target.tls = loop.local<transport::TlsClients>().context({.ca = ids.authority.cert()});
    target.host = "localhost";
    target.port = address.port();
  }
  const Settings how = settings(manner);
  ServerCheck check(loop, target, how, cases);
  bool done = false;
  check.start([&](const Result& result) { tally(result); }, [&] { done = true; });
  CHECK(test::turnUntil(
      loop, [&] { return done; }, manyTurns));
}

/// Connects as long as there are cases left, of which it shares the count with others.
struct EchoClient {
  const ClientCheck& check;
  const bool tls;
  std::size_t& left;
  WebSocket ws{};

  void connect() {
    if (left == 0) return;
    --left;
    ws = WebSocket((tls ? "wss://" : "ws://") + check.address().string(),
                   {.limits = {.maxMessageSize = 64 * MiB, .maxBufferedAmount = 256 * MiB},
                    .tls = {.ca = test::Identities::get().authority.cert()}});
    ws.onmessage([this](const Message& message) { ws.send(message); });
    ws.onclose([this] { connect(); });
  }
};

void askClient(net::Loop& loop, const std::vector<const Case*>& cases, const Manner& manner, Tally& tally) {
  const Settings how = settings(manner);
  Ref<transport::TlsServerContext> tls;
  if (manner.tls) {
    tls = Ref<transport::TlsServerContext>::adopt(
        new transport::TlsServerContext(test::Identities::get().localhost.server()));
  }
  ClientCheck check(loop, Address::parse("127.0.0.1", 0), how, cases, tls);
  bool done = false;
  check.start([&](const Result& result) { tally(result); }, [&] { done = true; });
  std::size_t left = cases.size();
  std::vector<EchoClient> clients(how.parallel, EchoClient{check, manner.tls, left});
  for (EchoClient& client : clients) client.connect();
  CHECK(test::turnUntil(
      loop, [&] { return done; }, manyTurns));
  for (EchoClient& client : clients) {
    client.ws.onclose(nullptr);
    client.ws.terminate();
  }
}

/// The simulated network looks at all connections that it ever had, each turn: it is a new one every so
/// often, with another seed.
template <class Ask>
void askOverSim(const std::vector<const Case*>& cases, Ask&& ask) {
  constexpr std::size_t part = 64;
  for (std::size_t at = 0; at < cases.size(); at += part) {
    test::SimLoop sim({.seed = 7 + at, .maxChunk = 50'000, .capacity = 300'000, .delays = 200});
    const auto begin = cases.begin() + static_cast<std::ptrdiff_t>(at);
    const std::size_t size = std::min(part, cases.size() - at);
    ask(sim.loop, {begin, begin + static_cast<std::ptrdiff_t>(size)});
  }
}

/// Over each back end that this machine has.
void askAll(Role role, const Manner& manner) {
  const std::vector<const Case*> cases = casesFor(role, manner);
  Tally tally;
  const auto ask = [&](net::Loop& loop, const std::vector<const Case*>& part) {
    (role == Role::Server ? askServer : askClient)(loop, part, manner, tally);
  };
  SUBCASE("epoll") {
    net::Loop loop("epoll");
    ask(loop, cases);
  }
  SUBCASE("uring") {
    if (net::whyNoUring()) return;
    net::Loop loop("uring");
    ask(loop, cases);
  }
  if (!manner.tls) {
    SUBCASE("sim") {
      askOverSim(cases, ask);
    }
  }
  CHECK(tally.all == cases.size());
  CHECK(tally.count[Verdict::Pass] > 600);
  CHECK(tally.count[Verdict::NotRun] == 0);
}

}  // namespace

TEST_CASE("our server, whole") {
  askAll(Role::Server, {});
}

TEST_CASE("our server, byte by byte") {
  askAll(Role::Server, {.bytewise = true});
}

TEST_CASE("our server over TLS, whole") {
  askAll(Role::Server, {.tls = true});
}

TEST_CASE("our server over TLS, byte by byte") {
  askAll(Role::Server, {.bytewise = true, .tls = true});
}

TEST_CASE("our client, whole") {
  askAll(Role::Client, {});
}

TEST_CASE("our client, byte by byte") {
  askAll(Role::Client, {.bytewise = true});
}

TEST_CASE("our client over TLS, whole") {
  askAll(Role::Client, {.tls = true});
}

TEST_CASE("our client over TLS, byte by byte") {
  askAll(Role::Client, {.bytewise = true, .tls = true});
}

namespace {

/// Accepts every request and sends every frame back, whatever it is: no rule is kept but by chance.
class Believer {
 public:
  explicit Believer(net::Loop& loop)
      : loop_(loop), listener_(loop, Address::parse("127.0.0.1", 0), [this](net::Accepted accepted) {
          peers_.push_back(std::make_unique<Peer>(loop_, accepted));
        }) {}
  const Address& address() const noexcept { return listener_.address(); }

 private:
  struct Peer final : net::SocketHandler {
    Peer(net::Loop& loop, const net::Accepted& accepted) : stream(loop.adopt(accepted, *this)) {}

    void onData(MutableBytes bytes) override {
      input.append(asText(bytes));
      if (!open) answer();
      while (open && echoFrame()) {
      }
    }
    void answer() {
      const std::size_t end = input.find("\r\n\r\n");
      const auto head = parseHead(input);
      if (!head) return;
      const std::string* given = head->value("Sec-WebSocket-Key");
      const std::string key = given == nullptr ? "" : *given;
      stream.output().append(protocol::acceptResponse(key, {}, {}));
      input.erase(0, end + 4);
      open = true;
    }
    bool echoFrame() {
      const auto decoded = protocol::decodeHeader(asBytes(input));
      if (decoded.size == 0 || input.size() - decoded.size < decoded.header.length) return false;
      std::string payload = input.substr(decoded.size, decoded.header.length);
      input.erase(0, decoded.size + payload.size());
      protocol::applyMask(std::as_writable_bytes(std::span(payload.data(), payload.size())),
                          decoded.header.mask);
      Frame back = frame(static_cast<unsigned>(decoded.header.opcode), payload);
      if (decoded.header.opcode == Opcode::Ping) back.opcode = 0xA;
      back.fin = decoded.header.fin;
      stream.output().append(encode(back, false));
      return true;
    }
    void onEnd() override { stream.close(); }
    void onFailed(std::error_code) override { stream.forget(); }

    transport::Stream stream;
    std::string input;
    bool open = false;
  };

  net::Loop& loop_;
  std::vector<std::unique_ptr<Peer>> peers_;
  transport::Listener listener_;
};

}  // namespace

TEST_CASE("a server that believes everything fails where it should, and nowhere else") {
  test::SimLoop sim;
  Believer server(sim.loop);
  const Settings manner{.parallel = 16};
  const std::vector<const Case*> cases = selectCases(Role::Server);
  ServerCheck check(sim.loop, {.address = server.address(), .authority = "localhost"}, manner, cases);
  std::map<std::string, std::set<Verdict>> groups;
  bool done = false;
  check.start(
      [&](const Result& result) {
        const std::string& id = result.asked->id;
        groups[id.substr(0, id.rfind('.'))].insert(result.verdict);
      },
      [&] { done = true; });
  REQUIRE(test::turnUntil(
      sim.loop, [&] { return done; }, manyTurns));

  const auto never = [&](const char* group, Verdict verdict) {
    CAPTURE(group);
    REQUIRE(groups.count(group) == 1);
    CHECK(groups[group].count(verdict) == 0);
  };
  // Good messages come back, and what it must refuse it does not.
  for (const char* right : {"0.1", "0.2", "1.1", "2.1", "5.1", "6.1", "6.2", "6.6", "8.3", "9.1", "10.1"}) {
    never(right, Verdict::Fail);
  }
  for (const char* wrong :
       {"0.3", "0.5", "0.6", "2.3", "2.4", "3.1", "4.1", "5.3", "6.3", "6.4", "7.5", "8.1"}) {
    never(wrong, Verdict::Pass);
  }
  // It never ends TCP by itself.
  never("7.1", Verdict::Pass);
}
