#include "net/socket.h"

#include <doctest/doctest.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/loops.h"
#include "support/random_text.h"
#include "support/socket_ends.h"
#include "support/temporary_folder.h"

using namespace duplex;
using test::anyPort;
using test::End;
using test::overEachBackend;
using test::Pair;
using test::randomText;
using test::Server;
using test::SimLoop;
using test::turnUntil;

TEST_CASE("bytes arrive in order, in both directions, and the end after them") {
  overEachBackend([](net::Loop& loop) {
    Pair pair(loop);
    const std::string there = randomText(300'000);
    const std::string back = randomText(70'000);
    pair.client.socket->output().append(there);
    pair.client.socket->shutdown();
    pair.peer->socket->output().append(back);
    CHECK(turnUntil(loop, [&] { return pair.peer->ended && pair.client.received.size() == back.size(); }));
    CHECK((pair.peer->received == there));
    CHECK((pair.client.received == back));
    CHECK_FALSE(pair.client.ended);
  });
}

TEST_CASE("a Unix socket carries the same, and a missing one is refused") {
  overEachBackend([](net::Loop& loop) {
    const test::TemporaryFolder folder;
    const Address address = Address::unixSocket(folder.file("s"));
    {
      Pair pair(loop, address);
      CHECK(pair.server.listening.address == address);
      CHECK(pair.client.socket->remoteAddress() == address);
      CHECK(pair.peer->socket->remoteAddress() == Address::unixSocket(""));
      const std::string there = randomText(700'000);
      const std::string back = randomText(70'000);
      pair.client.socket->output().append(there);
      pair.client.socket->shutdown();
      pair.peer->socket->output().append(back);
      CHECK(turnUntil(loop, [&] { return pair.peer->ended && pair.client.received.size() == back.size(); }));
      CHECK((pair.peer->received == there));
      CHECK((pair.client.received == back));
    }
    End lost;
    lost.socket = &loop.connect(address, lost);
    CHECK(turnUntil(loop, [&] { return lost.failed; }));
    CHECK(lost.error == std::errc::connection_refused);
    End missing;
    missing.socket = &loop.connect(Address::unixSocket(folder.file("none")), missing);
    CHECK(turnUntil(loop, [&] { return missing.failed; }));
    CHECK(missing.error);
  });
}

TEST_CASE("what is written in one turn leaves in one send") {
  SimLoop sim;
  Pair pair(sim.loop);
  const std::size_t before = sim.sim->sends();
  for (int i = 0; i < 100; ++i) pair.client.socket->output().append("message");
  CHECK(turnUntil(sim.loop, [&] { return pair.peer->received.size() == 700; }));
  CHECK(sim.sim->sends() == before + 1);
}

TEST_CASE("an answer leaves with what it answers, and what is shared at the end of the turn") {
  SimLoop sim;
  Pair pair(sim.loop);
  std::size_t sends = 0;
  pair.peer->onDataHook = [&] {
    sends = sim.sim->sends();
    pair.peer->socket->output().append("at once");
    sim.loop.defer([&] { sends = sim.sim->sends() - sends; });
  };
  pair.client.socket->output().append("?");
  CHECK(turnUntil(sim.loop, [&] { return pair.client.received == "at once"; }));
  CHECK(sends == 1);

  pair.peer->onDataHook = [&] {
    sends = sim.sim->sends();
    pair.peer->socket->output().append(", and ");
    pair.peer->socket->sharedOutput().append("later");
    sim.loop.defer([&] { sends = sim.sim->sends() - sends; });
  };
  pair.client.socket->output().append("?");
  CHECK(turnUntil(sim.loop, [&] { return pair.client.received == "at once, and later"; }));
  CHECK(sends == 0);
}

TEST_CASE("what is written past the queue keeps its place among what is queued") {
  overEachBackend([](net::Loop& loop) {
    Pair pair(loop);
    std::string expected;
    const auto queue = [&](const std::string& text) {
      pair.client.socket->output().append(text);
      expected += text;
    };
    const auto write = [&](const std::string& head, const std::string& body) {
      pair.client.socket->write(asBytes(head), asBytes(body));
      expected += head + body;
    };
    write("head of the first", randomText(1'000'000));
    write("head of the second", randomText(900'000));
    queue("queued");
    write("head of the third", randomText(100'000));
    CHECK(turnUntil(loop, [&] { return pair.peer->received.size() >= expected.size(); }));
    write("head of the last", randomText(5'000));
    CHECK(turnUntil(loop, [&] { return pair.peer->received.size() >= expected.size(); }));
    CHECK((pair.peer->received == expected));
  });
}

TEST_CASE("what one send cannot take follows it, without anything else having to happen") {
  overEachBackend([](net::Loop& loop) {
    if (loop.backendName() == "sim") return;
    Pair pair(loop);
    // Nothing that the loop watches tells of the peer's end.
    const int peer = ::dup(pair.peer->socket->state().descriptor);
    pair.peer->socket->pause();
    loop.turn(loop.now());
    loop.turn(loop.now());
    constexpr std::size_t frames = 300;
    const auto frame = Ref<SharedBytes>::adopt(new SharedBytes(300));
    std::memset(frame->writable().data(), 'x', frame->size());
    for (std::size_t i = 0; i < frames; ++i) pair.client.socket->share(frame);
    bool waitedLong = false;
    const TimerId timer = loop.setTimer([&] { waitedLong = true; }, Milliseconds(10'000), false);
    while (pair.client.socket->queued() > 64 * frame->size() && !waitedLong) loop.turn();
    loop.clearTimer(timer);
    CHECK_FALSE(waitedLong);
    ::close(peer);
  });
}

TEST_CASE("what is queued in the last turn of a run is sent") {
  overEachBackend([](net::Loop& loop) {
    if (loop.backendName() == "sim") return;
    Pair pair(loop);
    loop.defer([&] {
      pair.client.socket->output().append("last");
      loop.stop();
    });
    loop.run();
    std::string received(4, ' ');
    CHECK(::recv(pair.peer->socket->state().descriptor, received.data(), 4, MSG_PEEK | MSG_DONTWAIT) == 4);
  });
}

TEST_CASE("what is accepted does not delay small writes") {
  overEachBackend([](net::Loop& loop) {
    if (loop.backendName() == "sim") return;
    Pair pair(loop);
    for (const net::Socket* socket : {pair.client.socket, pair.peer->socket}) {
      int noDelay = 0;
      socklen_t size = sizeof noDelay;
      ::getsockopt(socket->state().descriptor, IPPROTO_TCP, TCP_NODELAY, &noDelay, &size);
      CHECK(noDelay == 1);
    }
  });
}

TEST_CASE("what is queued before the connection is there goes out when it is") {
  overEachBackend([](net::Loop& loop) {
    Server server(loop);
    End client;
    client.socket = &loop.connect(server.listening.address, client);
    client.socket->output().append("early");
    client.socket->shutdown();
    CHECK(turnUntil(loop, [&] { return !server.ends.empty() && server.ends[0]->ended; }));
    CHECK(server.ends[0]->received == "early");
    client.socket->close();
  });
}

TEST_CASE("a full kernel holds the rest back and says when it has been taken") {
  overEachBackend([](net::Loop& loop) {
    Pair pair(loop);
    pair.peer->socket->pause();
    const std::string much = randomText(20'000'000);
    pair.client.socket->output().append(much);
    pair.client.socket->pending().endFrame(much.size());
    for (int i = 0; i < 50; ++i) loop.turn(loop.now());
    CHECK(pair.client.drained == 0);
    CHECK(pair.client.socket->queued() > 0);
    CHECK(pair.client.socket->queuedPayload() == much.size());
    pair.peer->socket->resume();
    CHECK(turnUntil(loop, [&] { return pair.peer->received.size() == much.size(); }));
    CHECK(turnUntil(loop, [&] { return pair.client.drained == 1; }));
    CHECK(pair.client.socket->queuedPayload() == 0);
    CHECK((pair.peer->received == much));
  });
}

TEST_CASE("who asks for it is told of the empty queue once") {
  overEachBackend([](net::Loop& loop) {
    Pair pair(loop);
    pair.client.socket->output().append("a little");
    pair.client.socket->notifyDrained();
    CHECK(turnUntil(loop, [&] { return pair.client.drained == 1; }));
    pair.client.socket->output().append("more");
    CHECK(turnUntil(loop, [&] { return pair.peer->received == "a littlemore"; }));
    CHECK(pair.client.drained == 1);
  });
}

TEST_CASE("a reset and a refusal are failures, told once") {
  overEachBackend([](net::Loop& loop) {
    Pair pair(loop);
    pair.peer->socket->close(true);
    pair.peer->socket = nullptr;
    CHECK(turnUntil(loop, [&] { return pair.client.failed; }));
    CHECK(pair.client.error == std::errc::connection_reset);

    End refused;
    const Address nobody = Address::parse("127.0.0.1", 1);
    refused.socket = &loop.connect(nobody, refused);
    CHECK_FALSE(refused.failed);
    CHECK(turnUntil(loop, [&] { return refused.failed; }));
    CHECK(refused.error == std::errc::connection_refused);
  });
}

TEST_CASE("a socket may be closed in the middle of its own call") {
  overEachBackend([](net::Loop& loop) {
    Pair pair(loop);
    pair.peer->onDataHook = [&] {
      if (pair.peer->socket != nullptr) std::exchange(pair.peer->socket, nullptr)->close();
    };
    pair.client.socket->output().append(randomText(100'000));
    CHECK(turnUntil(loop, [&] { return pair.client.ended || pair.client.failed; }));
    const std::size_t received = pair.peer->received.size();
    loop.turn(loop.now());
    CHECK(pair.peer->received.size() == received);
  });
}

TEST_CASE("a socket that is closed while a forked child still has it is heard of no more") {
  net::Loop loop("epoll");
  Pair pair(loop);
  const pid_t child = ::fork();
  if (child == 0) {
    for (;;) ::pause();
  }
  pair.peer->socket->close();
  pair.peer->socket = nullptr;
  loop.turn(loop.now());
  pair.client.socket->output().append("to nobody");
  for (int i = 0; i < 20; ++i) loop.turn(loop.now() + Milliseconds(1));
  CHECK(pair.peer->received.empty());
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
}

TEST_CASE("a handler that throws while queues are sent holds up nobody's queue") {
  overEachBackend([](net::Loop& loop) {
    struct Thrower final : net::SocketHandler {
      void onData(MutableBytes) override {}
      void onEnd() override {}
      void onDrained() override { throw std::runtime_error("drained"); }
      void onFailed(std::error_code) override {}
    } thrower;
    Pair first(loop);
    Pair second(loop);
    first.client.socket->setHandler(thrower);
    first.client.socket->output().append("one");
    first.client.socket->notifyDrained();
    second.client.socket->output().append("two");
    int thrown = 0;
    for (int i = 0; i < 1000 && second.peer->received != "two"; ++i) {
      try {
        loop.turn(loop.now() + Milliseconds(1));
      } catch (const std::runtime_error&) {
        ++thrown;
      }
    }
    CHECK(thrown == 1);
    CHECK(second.peer->received == "two");
  });
}

TEST_CASE("sockets keep the loop alive until they are closed") {
  overEachBackend([](net::Loop& loop) {
    auto pair = std::make_unique<Pair>(loop);
    bool stopped = false;
    loop.setTimer(
        [&] {
          stopped = true;
          pair.reset();
        },
        Milliseconds(5), false);
    loop.run();
    CHECK(stopped);
  });
}

TEST_CASE("the simulated network cuts and resets from its seed alone") {
  const auto run = [](std::uint64_t seed) {
    SimLoop sim({.seed = seed, .maxChunk = 100, .resets = 20, .delays = 200});
    Pair pair(sim.loop);
    pair.client.socket->output().append(randomText(10'000));
    turnUntil(sim.loop, [&] { return pair.client.failed || pair.peer->received.size() == 10'000; });
    return std::pair(pair.peer->received.size(), sim.sim->receives());
  };
  for (std::uint64_t seed = 1; seed < 30; ++seed) CHECK(run(seed) == run(seed));
  CHECK(run(1) != run(2));
}
