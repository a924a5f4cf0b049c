// Every case of the suite against our server and our client: over each back end, whole and byte by byte. And
// against a server that believes all it is sent, which shows that the cases can fail.
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
#include "support/loops.h"
#include "transport/listener.h"
#include "transport/stream.h"

using namespace duplex;
using namespace duplex::check;

namespace {

constexpr std::size_t MiB = 1024 * 1024;
constexpr int manyTurns = 100'000'000;

Settings settings(bool bytewise) {
  // Our own end fails at once where it has to; what is slow is the machine.
  return {
      .patience = Milliseconds(60'000), .grace = Milliseconds(1'000), .bytewise = bytewise, .parallel = 16};
}

/// Byte by byte the long messages would show nothing that the short ones do not.
std::vector<const Case*> casesFor(Role role, bool bytewise) {
  std::vector<const Case*> cases = selectCases(role);
  if (bytewise) std::erase_if(cases, [](const Case* each) { return each->family() == 9 || each->chop > 1; });
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

void askServer(net::Loop& loop, const std::vector<const Case*>& cases, bool bytewise, Tally& tally) {
  App app;
  app.ws("/", {.message = &echo,
               .limits = {.maxMessageSize = 64 * MiB, .maxBufferedAmount = 256 * MiB},
               .compression = {.mode = Compression::Dedicated, .threshold = 0}});
  const Address address = app.listen(0, "127.0.0.1");
  const Settings manner = settings(bytewise);
  ServerCheck check(loop, {.address = address, .authority = address.string()}, manner, cases);
  bool done = false;
  check.start([&](const Result& result) { tally(result); }, [&] { done = true; });
  CHECK(test::turnUntil(
      loop, [&] { return done; }, manyTurns));
}

/// Connects until all has been asked.
struct EchoClient {
  const ClientCheck& check;
  WebSocket ws{};

  void connect() {
    ws = WebSocket("ws://" + check.address().string(),
                   {.limits = {.maxMessageSize = 64 * MiB, .maxBufferedAmount = 256 * MiB}});
    ws.onmessage([this](const Message& message) { ws.send(message); });
    ws.onclose([this] {
      if (!check.isDone()) connect();
    });
  }
};

void askClient(net::Loop& loop, const std::vector<const Case*>& cases, bool bytewise, Tally& tally) {
  const Settings manner = settings(bytewise);
  ClientCheck check(loop, Address::parse("127.0.0.1", 0), manner, cases);
  bool done = false;
  check.start([&](const Result& result) { tally(result); }, [&] { done = true; });
  EchoClient client{check};
  client.connect();
  CHECK(test::turnUntil(
      loop, [&] { return done; }, manyTurns));
  client.ws.onclose(nullptr);
  client.ws.terminate();
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
void askAll(Role role, bool bytewise) {
  const std::vector<const Case*> cases = casesFor(role, bytewise);
  Tally tally;
  const auto ask = [&](net::Loop& loop, const std::vector<const Case*>& part) {
    (role == Role::Server ? askServer : askClient)(loop, part, bytewise, tally);
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
  SUBCASE("sim") {
    askOverSim(cases, ask);
  }
  CHECK(tally.all == cases.size());
  CHECK(tally.count[Verdict::Pass] > 700);
  CHECK(tally.count[Verdict::NotRun] == 0);
}

}  // namespace

TEST_CASE("our server, whole") {
  askAll(Role::Server, false);
}

TEST_CASE("our server, byte by byte") {
  askAll(Role::Server, true);
}

TEST_CASE("our client, whole") {
  askAll(Role::Client, false);
}

TEST_CASE("our client, byte by byte") {
  askAll(Role::Client, true);
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
