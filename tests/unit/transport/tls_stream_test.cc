// TLS over a socket: what its two ends are told, over each back end.
#include "transport/tls_stream.h"

#include <doctest/doctest.h>

#include <cstring>
#include <random>
#include <string>

#include <duplex/error.h>

#include "support/loops.h"
#include "support/random_text.h"
#include "support/raw_client.h"
#include "support/tls_ends.h"

using namespace duplex;
using test::Identities;
using test::overEachBackend;
using test::randomText;
using test::RawClient;
using test::SimLoop;
using test::TlsClient;
using test::TlsEnd;
using test::TlsPair;
using test::TlsServer;
using test::trusting;
using test::turnUntil;

namespace {

Ref<SharedBytes> shared(const std::string& text, std::size_t payload) {
  auto frame = Ref<SharedBytes>::adopt(new SharedBytes(text.size(), payload));
  std::memcpy(frame->writable().data(), text.data(), text.size());
  return frame;
}

/// Closes its stream in one of the calls that it gets.
struct Closing final : net::SocketHandler {
  transport::Stream* stream = nullptr;
  std::string in;
  int calls = 0;
  int callsAfter = 0;

  void called(const char* name) {
    if (calls != 0) ++callsAfter;
    if (in != name) return;
    ++calls;
    stream->close();
  }
  void onConnected() override { called("onConnected"); }
  void onData(MutableBytes) override { called("onData"); }
  void onEnd() override { called("onEnd"); }
  void onDrained() override { called("onDrained"); }
  void onFailed(std::error_code) override { called("onFailed"); }
};

}  // namespace

TEST_CASE("bytes arrive in order, in both directions, and the end after them") {
  overEachBackend([](net::Loop& loop) {
    TlsPair pair(loop);
    const std::string there = randomText(300'000);
    const std::string back = randomText(70'000);
    pair.client.stream.output().append(there);
    pair.client.stream.shutdown();
    pair.peer().stream.output().append(back);
    CHECK(turnUntil(loop, [&] { return pair.peer().ended && pair.client.received.size() == back.size(); }));
    CHECK((pair.peer().received == there));
    CHECK((pair.client.received == back));
    CHECK_FALSE(pair.client.ended);
    CHECK(pair.client.stream.secure());
    CHECK(pair.peer().stream.secure());
  });
}

TEST_CASE("byte by byte") {
  SimLoop sim({.maxChunk = 1});
  TlsPair pair(sim.loop);
  pair.client.stream.output().append("to the server");
  pair.peer().stream.output().append("to the client");
  CHECK(turnUntil(sim.loop, [&] {
    return pair.peer().received == "to the server" && pair.client.received == "to the client";
  }));
}

TEST_CASE("what is written before the handshake is done follows it") {
  overEachBackend([](net::Loop& loop) {
    TlsServer server(loop, Identities::get().localhost.server());
    TlsClient client(loop, server, trusting());
    auto start = std::move(client.start);
    client.start = [start = std::move(start)](transport::Stream& stream) {
      start(stream);
      stream.output().append("early");
      stream.notifyDrained();
      stream.shutdown();
    };
    REQUIRE(turnUntil(loop, [&] { return !server.ends.empty() && server.ends[0]->ended; }));
    CHECK(server.ends[0]->received == "early");
    CHECK(turnUntil(loop, [&] { return client.end.drained == 1; }));
  });
}

TEST_CASE("each way of writing keeps its place") {
  overEachBackend([](net::Loop& loop) {
    TlsPair pair(loop);
    transport::Stream& stream = pair.client.stream;
    std::string expected;
    const auto queue = [&](const std::string& text) {
      stream.output().append(text);
      expected += text;
    };
    const auto write = [&](const std::string& head, const std::string& body) {
      REQUIRE(stream.write(asBytes(head), asBytes(body), [] { return Ref<SharedBytes>(); }));
      expected += head + body;
    };
    const auto share = [&](const std::string& text) {
      stream.share(shared(text, text.size()));
      expected += text;
    };
    write("head of the first", randomText(1'000'000));
    write("head of the second", randomText(5'000));
    queue("queued");
    share(randomText(200));
    share(randomText(20'000));
    for (int i = 0; i < 40; ++i) share(randomText(300));
    write("head of the third", randomText(100'000));
    CHECK(turnUntil(loop, [&] { return pair.peer().received.size() >= expected.size(); }));
    write("head of the last", randomText(16'384));
    write("", randomText(16'385));
    CHECK(turnUntil(loop, [&] { return pair.peer().received.size() >= expected.size(); }));
    CHECK((pair.peer().received == expected));
    CHECK(stream.queued() == 0);
  });
}

TEST_CASE("what a slow reader leaves is counted, encrypted or not, until it is taken") {
  overEachBackend([](net::Loop& loop) {
    TlsPair pair(loop);
    transport::Stream& stream = pair.client.stream;
    pair.peer().stream.pause();
    constexpr std::size_t frame = 100'000;
    // More than the kernel, or the simulated one, takes.
    const std::size_t frames = loop.backendName() == "sim" ? 20 : 200;
    for (std::size_t i = 0; i < frames; ++i) stream.share(shared(randomText(frame + 10), frame));
    CHECK(stream.queuedPayload() == frames * frame);
    CHECK(stream.queued() == frames * (frame + 10));
    for (int i = 0; i < 50; ++i) loop.turn(loop.now());
    CHECK(stream.queuedPayload() > 0);
    // Of a frame that has gone in part all of the payload counts; its end is in one record with the
    // beginning of the next.
    CHECK(stream.queuedPayload() <= stream.queued() + frame + transport::maxTlsRecord);
    CHECK(pair.client.drained == 0);
    const std::uint32_t before = stream.progress();
    pair.peer().stream.resume();
    CHECK(turnUntil(loop, [&] { return pair.client.drained > 0; }));
    CHECK(stream.progress() != before);
    CHECK(stream.queued() == 0);
    CHECK(stream.queuedPayload() == 0);
    CHECK(turnUntil(loop, [&] { return pair.peer().received.size() == frames * (frame + 10); }));
  });
}

TEST_CASE("a payload that was written past the queue is counted as well") {
  overEachBackend([](net::Loop& loop) {
    TlsPair pair(loop);
    pair.peer().stream.pause();
    const std::string body(loop.backendName() == "sim" ? 1'000'000 : 20'000'000, 'x');
    REQUIRE(pair.client.stream.write(asBytes("head"), asBytes(body), [] { return Ref<SharedBytes>(); }));
    CHECK(pair.client.stream.queuedPayload() == body.size());
    CHECK(pair.client.stream.queued() > body.size());
    pair.client.stream.notifyDrained();
    pair.peer().stream.resume();
    CHECK(turnUntil(loop, [&] { return pair.client.drained > 0; }));
    CHECK(pair.client.stream.queuedPayload() == 0);
    CHECK(turnUntil(loop, [&] { return pair.peer().received.size() == body.size() + 4; }));
  });
}

TEST_CASE("a drain event that was asked for comes, though the kernel took all at once") {
  overEachBackend([](net::Loop& loop) {
    TlsPair pair(loop);
    pair.client.stream.output().append("a little");
    pair.client.stream.notifyDrained();
    CHECK(turnUntil(loop, [&] { return pair.client.drained == 1; }));
    for (int i = 0; i < 10; ++i) loop.turn(loop.now());
    CHECK(pair.client.drained == 1);
  });
}

TEST_CASE("an answer leaves in one send with what it answers") {
  SimLoop sim;
  TlsPair pair(sim.loop);
  std::size_t sends = 0;
  pair.peer().onDataHook = [&] {
    sends = sim.sim->sends();
    for (int i = 0; i < 10; ++i) pair.peer().stream.output().append("answer ");
    sim.loop.defer([&] { sends = sim.sim->sends() - sends; });
  };
  pair.client.stream.output().append("?");
  CHECK(turnUntil(sim.loop, [&] { return pair.client.received.size() == 70; }));
  CHECK(sends == 1);
}

TEST_CASE("a reader that pauses in its handler misses nothing when it goes on") {
  overEachBackend([](net::Loop& loop) {
    TlsPair pair(loop);
    int pauses = 0;
    pair.peer().onDataHook = [&] {
      pair.peer().stream.pause();
      ++pauses;
      loop.setTimer([&] { pair.peer().stream.resume(); }, Milliseconds(1), false);
    };
    const std::string text = randomText(2'000'000);
    pair.client.stream.output().append(text);
    pair.client.stream.shutdown();
    CHECK(turnUntil(loop, [&] { return pair.peer().ended; }));
    CHECK((pair.peer().received == text));
    CHECK(pauses > 0);
  });
}

TEST_CASE("a handler may close its stream in any call") {
  for (const std::string call : {"onConnected", "onData", "onEnd", "onDrained"}) {
    CAPTURE(call);
    overEachBackend([&](net::Loop& loop) {
      TlsServer server(loop, Identities::get().localhost.server());
      Closing closing;
      closing.in = call;
      TlsClient client(loop, server.listening.address, [&](transport::Stream& stream) {
        closing.stream = &stream;
        stream.setHandler(closing);
        stream.startTls(*loop.local<transport::TlsClients>().context(trusting()), "localhost", 1);
        stream.output().append("a little");
        stream.notifyDrained();
      });
      const auto peer = [&] { return server.ends.empty() ? nullptr : server.ends[0].get(); };
      REQUIRE(turnUntil(loop, [&] { return peer() != nullptr && (peer()->connected || peer()->over()); }));
      if (!peer()->over()) {
        peer()->stream.output().append("to be closed for");
        peer()->stream.shutdown();
      }
      CHECK(turnUntil(loop, [&] { return closing.calls != 0 && peer()->over(); }));
      for (int i = 0; i < 10; ++i) loop.turn(loop.now());
      // None follows.
      CHECK(closing.calls == 1);
      CHECK(closing.callsAfter == 0);
    });
  }
}

TEST_CASE("FIN without close_notify is an end, too") {
  overEachBackend([](net::Loop& loop) {
    TlsServer server(loop, Identities::get().localhost.server());
    net::Socket* socket = nullptr;
    auto context = loop.local<transport::TlsClients>().context(trusting());
    TlsClient client(loop, server.listening.address, [&](transport::Stream& stream) {
      stream.startTls(*context, "localhost", 1);
      socket = &stream.socketBelow();
    });
    REQUIRE(turnUntil(loop, [&] { return !server.ends.empty() && server.ends[0]->connected; }));
    socket->shutdown();
    CHECK(turnUntil(loop, [&] { return server.ends[0]->ended; }));
    CHECK_FALSE(server.ends[0]->failed);
  });
}

TEST_CASE("plain HTTP on a port that speaks TLS is told so") {
  overEachBackend([](net::Loop& loop) {
    TlsServer server(loop, Identities::get().localhost.server());
    RawClient client(loop, server.listening.address);
    client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    REQUIRE(turnUntil(loop, [&] { return !server.ends.empty() && server.ends[0]->failed; }));
    CHECK(server.ends[0]->error == Errc::TlsFailed);
    CHECK(server.ends[0]->why == "http request");
    REQUIRE(turnUntil(loop, [&] { return client.over(); }));
    if (loop.backendName() == "sim") return;
    CHECK(client.received.starts_with("HTTP/1.1 400 "));
    CHECK(client.received.ends_with("This port speaks TLS: use https/wss\n"));
  });
}

TEST_CASE("a server without TLS is known by its answer") {
  overEachBackend([](net::Loop& loop) {
    struct Plain final : net::AcceptHandler, net::SocketHandler {
      explicit Plain(net::Loop& on) : loop(on), listening(on.listen(Address::parse("127.0.0.1", 0), *this)) {}
      ~Plain() {
        loop.stopListening(listening);
        if (socket != nullptr) socket->close();
      }
      void onAccepted(net::Accepted accepted) override { socket = &loop.adopt(accepted, *this); }
      void onData(MutableBytes) override {
        socket->output().append("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
      }
      void onEnd() override {}
      void onFailed(std::error_code) override { socket = nullptr; }
      net::Loop& loop;
      net::Listening listening;
      net::Socket* socket = nullptr;
    } server(loop);
    auto context = loop.local<transport::TlsClients>().context(trusting());
    TlsClient client(loop, server.listening.address,
                     [&](transport::Stream& stream) { stream.startTls(*context, "localhost", 1); });
    REQUIRE(turnUntil(loop, [&] { return client.end.failed; }));
    CHECK(client.end.error == Errc::TlsFailed);
    CHECK(client.end.why.find("spoke no TLS") != std::string::npos);
  });
}

TEST_CASE("what was read before the handshake began belongs to it") {
  overEachBackend([](net::Loop& loop) {
    // Reads a line, then speaks TLS with what follows it in the same bytes.
    struct Prefaced final : net::AcceptHandler, net::SocketHandler {
      explicit Prefaced(net::Loop& on)
          : loop(on),
            context(Ref<transport::TlsServerContext>::adopt(
                new transport::TlsServerContext(Identities::get().localhost.server()))),
            listening(on.listen(Address::parse("127.0.0.1", 0), *this)) {}
      ~Prefaced() { loop.stopListening(listening); }
      void onAccepted(net::Accepted accepted) override {
        end.stream = transport::Stream(loop.adopt(accepted, *this));
      }
      void onData(MutableBytes bytes) override {
        seen += asText(bytes);
        const std::size_t line = seen.find('\n');
        if (line == std::string::npos || seen.size() == line + 1) return;
        end.stream.setHandler(end);
        end.stream.startTls(*context, asBytes(seen).subspan(line + 1));
      }
      void onEnd() override {}
      void onFailed(std::error_code) override {}
      net::Loop& loop;
      Ref<transport::TlsServerContext> context;
      net::Listening listening;
      std::string seen;
      TlsEnd end;
    } server(loop);
    auto context = loop.local<transport::TlsClients>().context(trusting());
    TlsClient client(loop, server.listening.address, [&](transport::Stream& stream) {
      stream.output().append("PROXY\n");
      stream.startTls(*context, "localhost", 1);
    });
    REQUIRE(turnUntil(loop, [&] { return client.end.connected && server.end.connected; }));
    client.end.stream.output().append("hello");
    CHECK(turnUntil(loop, [&] { return server.end.received == "hello"; }));
  });
}

TEST_CASE("bytes that are no TLS end a connection, and whoever is silent leaves nothing behind") {
  overEachBackend([](net::Loop& loop) {
    {
      TlsServer server(loop, Identities::get().localhost.server());
      const std::string hello("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11);
      for (std::size_t length = 0; length <= hello.size(); ++length) {
        RawClient client(loop, server.listening.address);
        client.send(hello.substr(0, length));
        REQUIRE(turnUntil(loop, [&] { return server.ends.size() == 2 * length + 1; }));
        client.close(length % 2 == 0);
        REQUIRE(turnUntil(loop, [&] { return server.ends[2 * length]->over(); }));

        RawClient other(loop, server.listening.address);
        other.send(hello.substr(0, length) + std::string(20'000, '\xff'));
        REQUIRE(turnUntil(loop, [&] { return server.ends.size() == 2 * length + 2; }));
        REQUIRE(turnUntil(loop, [&] { return server.ends[2 * length + 1]->over() || other.over(); }));
        other.close();
        REQUIRE(turnUntil(loop, [&] { return server.ends[2 * length + 1]->over(); }));
      }
    }
    for (int i = 0; i < 10; ++i) loop.turn(loop.now());
    CHECK(loop.socketMemory().taken() == 0);
  });
}

TEST_CASE("a record that was changed on the way ends the connection") {
  overEachBackend([](net::Loop& loop) {
    TlsServer server(loop, Identities::get().localhost.server());
    net::Socket* socket = nullptr;
    auto context = loop.local<transport::TlsClients>().context(trusting());
    TlsClient client(loop, server.listening.address, [&](transport::Stream& stream) {
      stream.startTls(*context, "localhost", 1);
      socket = &stream.socketBelow();
    });
    REQUIRE(turnUntil(loop, [&] { return !server.ends.empty() && server.ends[0]->connected; }));
    socket->output().append(std::string_view("\x17\x03\x03\x00\x20", 5));
    socket->output().append(std::string(32, 'x'));
    REQUIRE(turnUntil(loop, [&] { return server.ends[0]->failed; }));
    CHECK(server.ends[0]->error == Errc::TlsFailed);
    CHECK_FALSE(server.ends[0]->why.empty());
    CHECK(turnUntil(loop, [&] { return client.end.over(); }));
  });
}

TEST_CASE("whatever the network does, both ends are told of the end, and nothing stays") {
  for (std::uint64_t seed = 1; seed <= test::seeds(300); ++seed) {
    SimLoop sim(
        {.seed = seed, .maxChunk = 1 + seed * 31, .capacity = 2048 * seed, .resets = 15, .delays = 200});
    {
      TlsServer server(sim.loop, Identities::get().localhost.server());
      TlsClient client(sim.loop, server, trusting());
      const auto answer = [&](TlsEnd& end) {
        end.onDataHook = [&end] {
          if (end.received.size() < 200'000) end.stream.output().append(end.received.substr(0, 5'000));
        };
      };
      answer(client.end);
      bool begun = false;
      CAPTURE(seed);
      REQUIRE(turnUntil(sim.loop, [&] {
        if (!begun && !server.ends.empty()) {
          begun = true;
          answer(*server.ends[0]);
          if (!client.end.failed) client.end.stream.output().append(std::string(30'000, 'x'));
        }
        return client.end.failed || client.end.received.size() >= 200'000;
      }));
      if (client.end.failed) {
        REQUIRE(turnUntil(sim.loop, [&] { return server.ends.empty() || server.ends[0]->over(); }));
      }
    }
    for (int i = 0; i < 10; ++i) sim.loop.turn(sim.loop.now());
    CHECK(sim.loop.socketMemory().taken() == 0);
  }
}
