// How long a client waits, in simulated time.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include <duplex/duplex.h>

#include "protocol/handshake.h"
#include "support/loops.h"

using namespace duplex;
using namespace std::chrono_literals;
using test::SimLoop;
using test::turnUntil;

namespace {

const Address server = Address::parse("127.0.0.1", 80);

/// A client, and how and when it ended.
struct Attempt {
  Attempt(net::Loop& loop, const ClientOptions& options) : start(loop.now()), ws("ws://127.0.0.1", options) {
    ws.onerror([this](const Error& error) { code = error.code; });
    ws.onclose([this, &loop](const CloseEvent& event) {
      took = std::chrono::duration_cast<Milliseconds>(loop.now() - start);
      closed = event.code;
    });
  }

  TimePoint start;
  WebSocket ws;
  std::error_code code;
  std::uint16_t closed = 0;
  Milliseconds took{};
};

/// Accepts, and says nothing.
struct SilentServer final : net::AcceptHandler, net::SocketHandler {
  explicit SilentServer(net::Loop& on) : loop(on), listening(loop.listen(server, *this)) {}
  ~SilentServer() {
    loop.stopListening(listening);
    if (socket != nullptr) socket->close();
  }
  void onAccepted(net::Accepted accepted) override { socket = &loop.adopt(accepted, *this); }
  void onData(MutableBytes bytes) override { received += asText(bytes); }
  void onEnd() override {}
  void onFailed(std::error_code) override { socket = nullptr; }

  net::Loop& loop;
  net::Listening listening;
  net::Socket* socket = nullptr;
  std::string received;
};

}  // namespace

TEST_CASE("what the program did before it made a client counts for no deadline") {
  SimLoop sim;
  App app;
  app.ws("/", {.message = [](WebSocket, const Message&) {}});
  const Address address = app.listen(0, "127.0.0.1");
  // Between turns, where only the back end sees the time pass.
  sim.sim->wait(sim.loop.now() + 11s);
  WebSocket ws("ws://" + address.string(), {.connectTimeout = 10s});
  bool open = false;
  int closes = 0;
  CloseEvent end;
  ws.onopen([&] { open = true; });
  ws.onclose([&](const CloseEvent& event) {
    ++closes;
    end = event;
  });
  CHECK(turnUntil(
      sim.loop, [&] { return open || closes != 0; }, 1000));
  REQUIRE(open);
  // A closing handshake that begins there has its time as well.
  sim.sim->wait(sim.loop.now() + 11s);
  ws.close(1000);
  CHECK(turnUntil(
      sim.loop, [&] { return closes == 1; }, 1000));
  CHECK(end.wasClean);
}

TEST_CASE("a server that cannot be reached") {
  SimLoop sim;
  sim.sim->swallow(server);
  Attempt attempt(sim.loop, {.connectTimeout = 3s, .handshakeTimeout = 1s});
  run();
  CHECK(attempt.code == Errc::ConnectTimeout);
  CHECK(attempt.closed == 1006);
  CHECK(attempt.took >= 3s);
  CHECK(attempt.took < 3100ms);
}

TEST_CASE("a server that does not answer: the time counts from the connection") {
  SimLoop sim;
  SilentServer silent(sim.loop);
  Attempt attempt(sim.loop, {.connectTimeout = 1s, .handshakeTimeout = 5s});
  REQUIRE(turnUntil(sim.loop, [&] { return attempt.closed != 0; }));
  CHECK(attempt.code == Errc::HandshakeTimeout);
  CHECK(attempt.took >= 5s);
  CHECK(attempt.took < 5100ms);
  CHECK(silent.received.starts_with("GET / HTTP/1.1\r\n"));
}

TEST_CASE("by default each has ten seconds, and without a limit it waits on") {
  SimLoop sim;
  sim.sim->swallow(server);
  Attempt usual(sim.loop, {});
  Attempt patient(sim.loop, {.connectTimeout = 0ms});
  REQUIRE(turnUntil(sim.loop, [&] { return usual.closed != 0; }));
  CHECK(usual.took >= 10s);
  CHECK(usual.took < 10100ms);
  bool late = false;
  setTimeout([&] { late = true; }, 10min);
  REQUIRE(turnUntil(sim.loop, [&] { return late; }));
  CHECK(patient.ws.readyState() == ReadyState::Connecting);
  patient.ws.close();
  REQUIRE(turnUntil(sim.loop, [&] { return patient.closed != 0; }));
}

TEST_CASE("a server that does not answer the Close") {
  SimLoop sim;
  SilentServer silent(sim.loop);
  Attempt attempt(sim.loop, {.limits = {.closeTimeout = 2s}});
  // RFC 6455 §1.3 shows how the answer is made; the key is the client's own.
  REQUIRE(turnUntil(sim.loop, [&] { return silent.received.ends_with("\r\n\r\n"); }));
  const std::size_t at = silent.received.find("Sec-WebSocket-Key: ") + 19;
  silent.socket->output().append(
      protocol::acceptResponse(silent.received.substr(at, silent.received.find("\r\n", at) - at), {}, {}));
  REQUIRE(turnUntil(sim.loop, [&] { return attempt.ws.readyState() == ReadyState::Open; }));
  attempt.ws.close(1000);
  attempt.start = sim.loop.now();
  REQUIRE(turnUntil(sim.loop, [&] { return attempt.closed != 0; }));
  CHECK(attempt.closed == 1006);
  CHECK(attempt.took >= 2s);
  CHECK(attempt.took < 2100ms);
}
