// wss: and https: from the application's side: over each back end.
#include <doctest/doctest.h>

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <duplex/duplex.h>

#include "support/certificates.h"
#include "support/loops.h"
#include "support/raw_client.h"
#include "support/tls_ends.h"

using namespace duplex;
using test::Certificate;
using test::Identities;
using test::overEachBackend;
using test::RawClient;
using test::SimLoop;
using test::TlsClient;
using test::trusting;
using test::turnUntil;

namespace {

const Identities& ids() {
  return Identities::get();
}

std::string urlOf(const Address& address, const std::string& path = "/") {
  return "wss://" + address.string() + path;
}

/// A client's socket, and what happens to it.
struct Recorder {
  Recorder(const std::string& url, ClientOptions options) : ws(url, std::move(options)) {
    ws.onopen([this] { open = true; });
    ws.onmessage([this](const Message& message) { messages.emplace_back(message.text()); });
    ws.onerror([this](const Error& error) { errors.push_back(error); });
    ws.onclose([this](const CloseEvent& event) {
      ++closes;
      end = event;
    });
  }
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;
  ~Recorder() {
    // Its close event comes later, when this is gone.
    ws.onopen(nullptr);
    ws.onmessage(nullptr);
    ws.onerror(nullptr);
    ws.onclose(nullptr);
    ws.terminate();
  }

  WebSocket ws;
  bool open = false;
  std::vector<std::string> messages;
  std::vector<Error> errors;
  CloseEvent end;
  int closes = 0;
};

ClientOptions trustingClient() {
  return {.tls = trusting()};
}

/// What a request is answered, over a connection of its own.
std::string answer(net::Loop& loop, const Address& address, const std::string& target,
                   const TlsClientOptions& options = trusting()) {
  auto context = loop.local<transport::TlsClients>().context(options);
  TlsClient client(loop, address, [&](transport::Stream& stream) {
    stream.startTls(*context, "localhost", 1);
    stream.output().append("GET " + target + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  });
  REQUIRE(turnUntil(loop, [&] { return client.end.over(); }));
  const std::size_t body = client.end.received.find("\r\n\r\n");
  return body == std::string::npos ? client.end.why : client.end.received.substr(body + 4);
}

}  // namespace

TEST_CASE("messages of every size come back over TLS as they were sent") {
  overEachBackend([](net::Loop& loop) {
    App app;
    app.ws("/", {.message = [](WebSocket ws, const Message& message) { ws.send(message); }});
    const Address address = app.listenTls(0, ids().localhost.server(), "127.0.0.1");
    Recorder client(urlOf(address), trustingClient());
    const std::size_t sizes[] = {0, 1, 125, 126, 16'000, 16'384, 65'536, 1'000'000};
    REQUIRE(turnUntil(loop, [&] { return client.open; }));
    for (const std::size_t size : sizes) client.ws.send(std::string(size, 'x'));
    REQUIRE(turnUntil(loop, [&] { return client.messages.size() == std::size(sizes); }));
    for (std::size_t i = 0; i < std::size(sizes); ++i)
      CHECK((client.messages[i] == std::string(sizes[i], 'x')));
    CHECK(client.ws.url() == urlOf(address));
    client.ws.close(1000, "done");
    REQUIRE(turnUntil(loop, [&] { return client.closes == 1; }));
    CHECK(client.end.code == 1000);
    CHECK(client.end.wasClean);
    CHECK(client.errors.empty());
  });
}

TEST_CASE("what is published reaches those with TLS and those without") {
  overEachBackend([](net::Loop& loop) {
    App app;
    app.ws("/", {.open = [](WebSocket ws) { ws.subscribe("all"); }});
    Recorder secret(urlOf(app.listenTls(0, ids().localhost.server(), "127.0.0.1")), trustingClient());
    Recorder plain("ws://" + app.listen(0, "127.0.0.1").string(), {});
    REQUIRE(turnUntil(loop, [&] { return app.clients().size() == 2 && secret.open && plain.open; }));
    const std::string large(100'000, 'l');
    for (int i = 0; i < 10; ++i) app.publish("all", i % 2 == 0 ? std::string("short") : large);
    REQUIRE(turnUntil(loop, [&] { return secret.messages.size() == 10 && plain.messages.size() == 10; }));
    CHECK((secret.messages == plain.messages));
    CHECK((secret.messages[1] == large));
  });
}

TEST_CASE("a request knows that it came over TLS") {
  overEachBackend([](net::Loop& loop) {
    App app;
    app.get("/", [](Request& req, Response& res) {
      res.send(std::string(req.protocol()) + (req.secure() ? " secure" : " open"));
    });
    std::string url;
    app.ws("/", {.open = [&](WebSocket ws, const Request& req) {
             url = ws.url() + ' ' + std::string(req.protocol());
           }});
    const Address address = app.listenTls(0, ids().localhost.server(), "127.0.0.1");
    CHECK(answer(loop, address, "/") == "https secure");
    Recorder client(urlOf(address), trustingClient());
    REQUIRE(turnUntil(loop, [&] { return client.open && !url.empty(); }));
    CHECK(url == urlOf(address) + " https");

    const Address plain = app.listen(0, "127.0.0.1");
    RawClient raw(loop, plain);
    raw.send("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    REQUIRE(turnUntil(loop, [&] { return raw.over(); }));
    CHECK(raw.received.ends_with("http open"));
  });
}

TEST_CASE("a request knows its client's certificate, and the socket's request does so later, too") {
  SimLoop sim;
  const Certificate ann({.commonName = "ann", .names = ""}, &ids().authority);
  const Certificate bob({.commonName = "bob", .names = ""}, &ids().authority);
  TlsOptions options = ids().localhost.server();
  options.clientCertificate = ClientCertificate::Request;
  options.ca = ids().authority.cert();
  App app;
  app.get("/", [](Request& req, Response& res) { res.send(std::string(req.clientCertificate())); });
  app.ws("/", {.message = [](WebSocket ws, const Message&) {
           ws.send(std::string(ws.request().clientCertificate()));
         }});
  const Address address = app.listenTls(0, options, "127.0.0.1");
  const auto with = [](const Certificate& certificate) {
    TlsClientOptions client = trusting();
    client.cert = certificate.cert();
    client.key = certificate.key();
    return client;
  };
  CHECK(answer(sim.loop, address, "/") == "");
  CHECK(answer(sim.loop, address, "/", with(ann)) == "CN=ann");
  Recorder annsSocket(urlOf(address), {.tls = with(ann)});
  Recorder bobsSocket(urlOf(address), {.tls = with(bob)});
  REQUIRE(turnUntil(sim.loop, [&] { return annsSocket.open && bobsSocket.open; }));
  annsSocket.ws.send("who am I?");
  bobsSocket.ws.send("who am I?");
  REQUIRE(turnUntil(sim.loop, [&] { return annsSocket.messages.size() + bobsSocket.messages.size() == 2; }));
  CHECK(annsSocket.messages[0] == "CN=ann");
  CHECK(bobsSocket.messages[0] == "CN=bob");
}

TEST_CASE("a server that cannot be believed is an error, and close code 1006") {
  overEachBackend([](net::Loop& loop) {
    App app;
    app.ws("/", WebSocketRoute{});
    std::vector<std::string> told;
    app.onerror([&](const Error& error) { told.push_back(error.message); });
    const Address address = app.listenTls(0, ids().localhost.server(), "127.0.0.1");
    Recorder client(urlOf(address), {});
    REQUIRE(turnUntil(loop, [&] { return client.closes == 1; }));
    REQUIRE(client.errors.size() == 1);
    CHECK(client.errors[0].code == Errc::CertificateInvalid);
    CHECK(client.errors[0].message ==
          "the peer's certificate is not accepted: unable to get local issuer certificate");
    CHECK(client.end.code == 1006);
    CHECK_FALSE(client.end.wasClean);
    CHECK_FALSE(client.open);
    if (loop.backendName() != "sim") {
      REQUIRE(turnUntil(loop, [&] { return !told.empty(); }));
      CHECK(told[0] == "TLS failed: tlsv1 alert unknown ca");
    }
    Recorder careless(urlOf(address), {.tls = {.verify = false}});
    CHECK(turnUntil(loop, [&] { return careless.open; }));
  });
}

TEST_CASE("wss: to a plain port, and ws: to a port with TLS") {
  overEachBackend([](net::Loop& loop) {
    App app;
    app.ws("/", WebSocketRoute{});
    const Address plain = app.listen(0, "127.0.0.1");
    const Address secret = app.listenTls(0, ids().localhost.server(), "127.0.0.1");
    Recorder tlsToPlain(urlOf(plain), trustingClient());
    Recorder plainToTls("ws://" + secret.string(), {});
    REQUIRE(turnUntil(loop, [&] { return tlsToPlain.closes + plainToTls.closes == 2; }));
    CHECK(tlsToPlain.errors[0].code == Errc::TlsFailed);
    CHECK(tlsToPlain.end.code == 1006);
    CHECK(plainToTls.end.code == 1006);
    if (loop.backendName() == "sim") return;
    CHECK(plainToTls.errors[0].message == "the server did not answer 101: the server answered 400");
    CHECK(plainToTls.errors[0].status == 400);
  });
}

TEST_CASE("other certificates for new connections, while the old ones live on") {
  overEachBackend([](net::Loop& loop) {
    char name[] = "/tmp/duplex-tls-XXXXXX";
    ::close(::mkstemp(name));
    const auto write = [&](const Certificate& certificate) {
      std::ofstream(name, std::ios::trunc) << certificate.cert() << certificate.key();
    };
    const Certificate first({});
    const Certificate second({});
    const Certificate third({});
    write(first);
    App app;
    app.ws("/", {.message = [](WebSocket ws, const Message& message) { ws.send(message); }});
    const Address address = app.listenTls(0, {.cert = name, .key = name}, "127.0.0.1");
    const auto believes = [&](const Certificate& certificate) {
      Recorder client(urlOf(address), {.tls = {.ca = certificate.cert()}});
      REQUIRE(turnUntil(loop, [&] { return client.open || client.closes == 1; }));
      return client.open;
    };
    Recorder old(urlOf(address), {.tls = {.ca = first.cert()}});
    REQUIRE(turnUntil(loop, [&] { return old.open; }));

    write(second);
    CHECK(believes(first));
    app.reloadTls();
    CHECK(believes(second));
    CHECK_FALSE(believes(first));

    std::ofstream(name, std::ios::trunc) << "no certificate";
    CHECK_THROWS_AS(app.reloadTls(), TlsError);
    CHECK(believes(second));

    app.reloadTls(address.port(), third.server());
    CHECK(believes(third));
    CHECK_THROWS_AS(app.reloadTls(1, third.server()), std::invalid_argument);
    CHECK_THROWS_AS(app.reloadTls(address.port(), {.cert = "/no/such.pem", .key = "x"}), TlsError);
    // From memory: there is nothing to read anew.
    app.reloadTls();
    CHECK(believes(third));

    old.ws.send("still here");
    CHECK(turnUntil(loop, [&] { return old.messages.size() == 1; }));
    std::remove(name);
  });
}

TEST_CASE("what cannot be used is refused before anybody listens") {
  SimLoop sim;
  App app;
  CHECK_THROWS_WITH_AS(app.listenTls(0, {.cert = "/no/such.pem", .key = "/no/such.pem"}, "127.0.0.1"),
                       "TLS: the certificate '/no/such.pem' cannot be read: No such file or directory",
                       TlsError);
  CHECK_THROWS_AS(WebSocket("wss://localhost", {.tls = {.ca = "/no/such.pem"}}), TlsError);
  // For ws: they do not matter.
  Recorder client("ws://localhost:1", {.tls = {.ca = "/no/such.pem"}});
  REQUIRE(turnUntil(sim.loop, [&] { return client.closes == 1; }));
}

TEST_CASE("a handshake that does not go on is cut, on either side") {
  SimLoop sim;
  App app({.http = {.headerTimeout = std::chrono::seconds(2)}});
  std::vector<std::string> told;
  app.onerror([&](const Error& error) { told.push_back(error.message); });
  const Address address = app.listenTls(0, ids().localhost.server(), "127.0.0.1");
  const TimePoint start = sim.loop.now();
  RawClient silent(sim.loop, address);
  RawClient slow(sim.loop, address);
  slow.send("\x16\x03\x01");
  REQUIRE(turnUntil(sim.loop, [&] { return silent.over() && slow.over(); }));
  CHECK(sim.loop.now() - start >= std::chrono::seconds(2));
  CHECK(sim.loop.now() - start < std::chrono::seconds(3));
  CHECK((told == std::vector<std::string>(2, "the handshake took too long: TLS (headerTimeout)")));

  // Somebody who takes what a client says and never answers.
  struct Mute final : net::AcceptHandler, net::SocketHandler {
    explicit Mute(net::Loop& on) : loop(on), listening(on.listen(Address::parse("127.0.0.1", 0), *this)) {}
    ~Mute() {
      loop.stopListening(listening);
      if (socket != nullptr) socket->close();
    }
    void onAccepted(net::Accepted accepted) override { socket = &loop.adopt(accepted, *this); }
    void onData(MutableBytes) override {}
    void onEnd() override {}
    void onFailed(std::error_code) override { socket = nullptr; }
    net::Socket* socket = nullptr;
    net::Loop& loop;
    net::Listening listening;
  } mute(sim.loop);
  Recorder client(urlOf(mute.listening.address), trustingClient());
  REQUIRE(turnUntil(sim.loop, [&] { return client.closes == 1; }));
  CHECK(client.errors[0].code == Errc::HandshakeTimeout);
}

TEST_CASE("a peer with TLS that does not read is a slow peer") {
  overEachBackend([](net::Loop& loop) {
    App app;
    WebSocket server;
    std::error_code failure;
    app.ws("/", {.open = [&](WebSocket ws) { server = ws; },
                 .error = [&](WebSocket, const Error& error) { failure = error.code; },
                 .limits = {.maxBufferedAmount = 4 * 1024 * 1024}});
    auto context = loop.local<transport::TlsClients>().context(trusting());
    const Address address = app.listenTls(0, ids().localhost.server(), "127.0.0.1");
    TlsClient client(loop, address, [&](transport::Stream& stream) {
      stream.startTls(*context, "localhost", 1);
      stream.output().append(test::upgradeRequest());
    });
    REQUIRE(turnUntil(loop, [&] { return server.readyState() == ReadyState::Open; }));
    client.end.stream.pause();
    const std::string message(300'000, 'x');
    REQUIRE(turnUntil(loop, [&] {
      if (server.readyState() == ReadyState::Open) {
        server.send(message);
        CHECK(server.bufferedAmount() <= 4 * 1024 * 1024 + message.size());
      }
      return static_cast<bool>(failure);
    }));
    CHECK(failure == Errc::BufferFull);
  });
}

TEST_CASE("connections with TLS on several threads") {
  // On a thread of its own, whose loop ends with it.
  std::thread([] {
    App app({.threads = 3});
    app.ws("/", {.message = [](WebSocket ws, const Message& message) { ws.send(message); }});
    const Address address = app.listenTls(0, ids().localhost.server(), "127.0.0.1");
    constexpr int clients = 12;
    int answered = 0;
    std::vector<WebSocket> sockets;
    for (int i = 0; i < clients; ++i) {
      WebSocket ws(urlOf(address), trustingClient());
      ws.onopen([ws] { ws.send(std::string(50'000, 't')); });
      ws.onmessage([ws, &answered, &app](const Message& message) {
        CHECK(message.size() == 50'000);
        ws.close();
        if (++answered == clients) app.close();
      });
      sockets.push_back(ws);
    }
    run();
    CHECK(answered == clients);
  }).join();
}

TEST_CASE("an app that ends with sockets of TLS open, and a client whose app is gone") {
  overEachBackend([](net::Loop& loop) {
    auto app = std::make_unique<App>();
    app->ws("/", WebSocketRoute{});
    const Address address = app->listenTls(0, ids().localhost.server(), "127.0.0.1");
    Recorder client(urlOf(address), trustingClient());
    Recorder connecting(urlOf(address), trustingClient());
    REQUIRE(turnUntil(loop, [&] { return client.open; }));
    Recorder late(urlOf(address), trustingClient());
    loop.turn(loop.now());
    app.reset();
    REQUIRE(turnUntil(loop, [&] { return client.closes + connecting.closes + late.closes == 3; }));
    CHECK(client.end.code == 1006);
  });
}
