// What fails over TLS, and TLS that fails, from the application's side: over each back end.
#include <doctest/doctest.h>

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <duplex/duplex.h>

#include "protocol/handshake.h"
#include "support/certificates.h"
#include "support/loops.h"
#include "support/raw_client.h"
#include "support/tls_ends.h"

using namespace duplex;
using test::clientFrame;
using test::Identities;
using test::overEachBackend;
using test::TlsClient;
using test::TlsEnd;
using test::TlsServer;
using test::trusting;
using test::turnUntil;
using test::upgradeRequest;

namespace {

// Long enough for what is to come, and no more turns than that if it does not come.
constexpr int patience = 1'000;

/// A record that nobody has encrypted: behind it there is nothing more to be read.
std::string brokenRecord() {
  return std::string("\x17\x03\x03\x00\x20", 5) + std::string(32, 'x');
}

/// Encrypts `text` now; what is written to the socket follows it in the same segment.
void writeNow(TlsEnd& end, std::string_view text) {
  CHECK(end.stream.write(asBytes(text), {}, [] { return Ref<SharedBytes>(); }));
}

void writeBroken(TlsEnd& end) {
  end.stream.socketBelow().output().append(brokenRecord());
}

/// A server over TLS; deadlines end nothing for it.
struct Server {
  Server() {
    app.onerror([this](const Error& error) { log.push_back(error); });
    app.ws("/", {.message =
                     [](WebSocket ws, const Message& message) {
                       if (message.text() == "throw") throw std::runtime_error("as asked");
                       ws.send(message);
                     },
                 .error = [this](WebSocket, const Error& error) { errors.push_back(error); },
                 .close =
                     [this](WebSocket, const CloseEvent& event) {
                       ++closes;
                       end = event;
                     },
                 .limits = {.maxMessageSize = 100, .closeTimeout = Milliseconds(0)}});
    address = app.listenTls(0, Identities::get().localhost.server(), "127.0.0.1");
  }
  bool isEmpty() const {
    const Metrics metrics = app.metrics();
    return metrics.connections == 0 && metrics.handshakes == 0 && metrics.sockets == 0;
  }

  App app;
  Address address;
  std::vector<Error> log;
  std::vector<Error> errors;
  CloseEvent end;
  int closes = 0;
};

TlsClient::Start startingTls(net::Loop& loop) {
  return [context = loop.local<transport::TlsClients>().context(trusting())](transport::Stream& stream) {
    stream.startTls(*context, "localhost", 1);
  };
}

/// A client that has an open WebSocket, and can do with its bytes what it likes.
struct Peer {
  Peer(net::Loop& loop, const Address& address) : client(loop, address, startingTls(loop)) {
    REQUIRE(turnUntil(loop, [&] { return client.end.connected; }));
    writeNow(client.end, upgradeRequest());
    REQUIRE(turnUntil(loop, [&] { return client.end.received.find("\r\n\r\n") != std::string::npos; }));
    REQUIRE(client.end.received.starts_with("HTTP/1.1 101 "));
  }
  bool gotClose() const { return client.end.received.find('\x88') != std::string::npos; }

  TlsClient client;
};

struct Failing {
  std::string frame;
  Errc error;
};

std::vector<Failing> failures() {
  return {{"\x81\x02hi", Errc::MaskRequired},
          {clientFrame(0x81, "\xff"), Errc::InvalidUtf8},
          {clientFrame(0x81, std::string(101, 'l')), Errc::MessageTooBig},
          {clientFrame(0x81, "throw"), Errc::HandlerFailed}};
}

}  // namespace

TEST_CASE("a server's WebSocket fails, and TLS fails behind it: it ends once, and nothing is left") {
  overEachBackend([](net::Loop& loop) {
    for (const bool together : {true, false}) {
      for (const Failing& failing : failures()) {
        CAPTURE(together);
        CAPTURE(make_error_code(failing.error).message());
        Server server;
        Peer peer(loop, server.address);
        writeNow(peer.client.end, failing.frame);
        if (!together) REQUIRE(turnUntil(loop, [&] { return peer.gotClose(); }));
        writeBroken(peer.client.end);
        CHECK(turnUntil(
            loop, [&] { return server.closes != 0 && server.isEmpty(); }, patience));
        // A second one would come with what is left to do.
        for (int i = 0; i < 5; ++i) loop.turn(loop.now());
        CHECK(server.closes == 1);
        CHECK(server.end.code == 1006);
        CHECK_FALSE(server.end.wasClean);
        REQUIRE(server.errors.size() == 1);
        CHECK(server.errors[0].code == failing.error);
      }
    }
  });
}

TEST_CASE("a client's WebSocket fails, and TLS fails behind it: its end is told, once") {
  overEachBackend([](net::Loop& loop) {
    for (const bool together : {true, false}) {
      CAPTURE(together);
      TlsServer server(loop, Identities::get().localhost.server());
      WebSocket ws("wss://" + server.listening.address.string(),
                   {.limits = {.closeTimeout = Milliseconds(0)}, .tls = trusting()});
      std::vector<Error> errors;
      int opens = 0;
      int closes = 0;
      ws.onopen([&] { ++opens; });
      ws.onerror([&](const Error& error) { errors.push_back(error); });
      ws.onclose([&](const CloseEvent& event) {
        ++closes;
        CHECK(event.code == 1006);
      });
      REQUIRE(turnUntil(loop, [&] {
        return !server.ends.empty() && server.ends[0]->received.find("\r\n\r\n") != std::string::npos;
      }));
      TlsEnd& end = *server.ends[0];
      const std::size_t key = end.received.find("Sec-WebSocket-Key: ");
      REQUIRE(key != std::string::npos);
      writeNow(end, protocol::acceptResponse(end.received.substr(key + 19, 24), {}, {}, {}));
      REQUIRE(turnUntil(loop, [&] { return opens == 1; }));
      end.received.clear();
      writeNow(end, std::string_view("\x81\x82\0\0\0\0hi", 8));
      if (!together) REQUIRE(turnUntil(loop, [&] { return !end.received.empty(); }));
      writeBroken(end);
      CHECK(turnUntil(
          loop, [&] { return closes != 0; }, patience));
      for (int i = 0; i < 5; ++i) loop.turn(loop.now());
      CHECK(closes == 1);
      REQUIRE(errors.size() == 1);
      CHECK(errors[0].code == Errc::MaskForbidden);
      CHECK(ws.readyState() == ReadyState::Closed);
      ws.onclose(nullptr);
      ws.terminate();
    }
  });
}

TEST_CASE("requests that a client sends together and ends with close_notify are all answered") {
  overEachBackend([](net::Loop& loop) {
    App app;
    const std::string big(300'000, 'b');
    app.get("/big", [&](Request&, Response& res) { res.send(big); });
    app.get("/small", [](Request&, Response& res) { res.send("the last"); });
    const Address address = app.listenTls(0, Identities::get().localhost.server(), "127.0.0.1");
    TlsClient client(loop, address, startingTls(loop));
    REQUIRE(turnUntil(loop, [&] { return client.end.connected; }));
    client.end.stream.output().append(
        "GET /big HTTP/1.1\r\nHost: localhost\r\n\r\nGET /small HTTP/1.1\r\nHost: localhost\r\n\r\n");
    client.end.stream.shutdown();
    REQUIRE(turnUntil(loop, [&] { return client.end.over(); }));
    CHECK(client.end.received.find(big) != std::string::npos);
    CHECK(client.end.received.ends_with("the last"));
  });
}
