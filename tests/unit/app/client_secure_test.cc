// Proxies, redirects and connecting again where TLS is spoken: over each back end.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <duplex/duplex.h>

#include "support/certificates.h"
#include "support/http_proxy.h"
#include "support/loops.h"
#include "support/temporary_folder.h"
#include "support/tls_ends.h"

using namespace duplex;
using namespace std::chrono_literals;
using test::HttpProxy;
using test::Identities;
using test::overEachBackend;
using test::trusting;
using test::turnUntil;

namespace {

/// A server with a plain and a secure port, and what those who came to "/" told it.
struct Server {
  Server() {
    app.all("/to", [](Request& req, Response& res) { res.redirect(std::string(req.query("where"))); });
    app.ws("/", [this](WebSocket ws, const Request& req) {
      last = ws;
      seen.push_back(std::string(req.header("Cookie")) + "|" + std::string(req.clientCertificate()));
      ws.onmessage([ws](const Message& message) { ws.send(message); });
    });
    TlsOptions tls = Identities::get().localhost.server();
    tls.clientCertificate = ClientCertificate::Request;
    tls.ca = Identities::get().authority.cert();
    secure = app.listenTls(0, tls, "127.0.0.1");
    plain = app.listen(0, "127.0.0.1");
  }
  std::string wss(const std::string& path = "/") const {
    return "wss://localhost:" + std::to_string(secure.port()) + path;
  }
  std::string ws(const std::string& path = "/") const {
    return "ws://localhost:" + std::to_string(plain.port()) + path;
  }

  App app;
  Address secure;
  Address plain;
  WebSocket last;
  std::vector<std::string> seen;
};

/// Trusts the test's authority, and has a certificate of its own.
TlsClientOptions withCertificate() {
  static const test::Certificate own({.commonName = "ann", .names = ""}, &Identities::get().authority);
  TlsClientOptions options = trusting();
  options.cert = own.cert();
  options.key = own.key();
  return options;
}

struct Client {
  Client(const std::string& url, ClientOptions options) : ws(url, std::move(options)) {
    ws.onopen([this] {
      ++opens;
      ws.send("over TLS");
    });
    ws.onmessage([this](const Message& message) { text = std::string(message.text()); });
    ws.onerror([this](const Error& why) { error = why; });
    ws.onclose([this] { closed = true; });
  }
  ~Client() { ws.terminate(); }

  WebSocket ws;
  int opens = 0;
  std::string text;
  Error error;
  bool closed = false;
};

}  // namespace

TEST_CASE("CONNECT comes before TLS, which is with the server and not with the proxy") {
  overEachBackend([](net::Loop& loop) {
    Server server;
    HttpProxy proxy(loop, server.secure);

    Client client(server.wss(), {.tls = trusting(), .proxy = "http://ann:secret@" + proxy.authority()});
    REQUIRE(turnUntil(loop, [&] { return client.text == "over TLS"; }));
    REQUIRE(proxy.requests.size() == 1);
    CHECK(proxy.requests[0].starts_with("CONNECT localhost:" + std::to_string(server.secure.port()) +
                                        " HTTP/1.1\r\n"));
  });
}

TEST_CASE("a tunnel that leads to a server of another name") {
  overEachBackend([](net::Loop& loop) {
    Server server;
    HttpProxy proxy(loop, server.secure);
    Client client("wss://other.test/", {.tls = trusting(), .proxy = proxy.authority()});
    REQUIRE(turnUntil(loop, [&] { return client.closed; }));
    CHECK(client.error.code == Errc::CertificateInvalid);
    CHECK(server.seen.empty());
  });
}

TEST_CASE("from ws: to wss:, without what was for the former, and never back") {
  overEachBackend([](net::Loop& loop) {
    Server server;
    const ClientOptions options{.cookies = {{"a", "b"}}, .tls = withCertificate(), .maxRedirects = 3};
    Client up(server.ws("/to?where=" + server.wss()), options);
    REQUIRE(turnUntil(loop, [&] { return up.text == "over TLS"; }));
    CHECK(up.ws.url() == server.wss());
    CHECK(server.seen == std::vector<std::string>{"|"});

    Client same(server.wss("/to?where=/"), options);
    REQUIRE(turnUntil(loop, [&] { return same.text == "over TLS"; }));
    CHECK(server.seen.back() == "a=b|CN=ann");

    Client down(server.wss("/to?where=" + server.ws()), options);
    REQUIRE(turnUntil(loop, [&] { return down.closed; }));
    CHECK(down.error.code == Errc::RedirectRefused);
    CHECK(server.seen.size() == 2);
  });
}

TEST_CASE("a secure connection is made again; one to a server that cannot be believed is not") {
  overEachBackend([](net::Loop& loop) {
    Server server;
    const Reconnect often{.maxTries = 5, .delay = 5ms};
    Client client(server.wss(), {.tls = trusting(), .reconnect = often});
    REQUIRE(turnUntil(loop, [&] { return client.text == "over TLS"; }));
    client.text.clear();
    server.last.terminate();
    REQUIRE(turnUntil(loop, [&] { return client.text == "over TLS"; }));
    CHECK(client.opens == 2);

    int tries = 0;
    Client doubtful(server.wss(), {.reconnect = often});
    doubtful.ws.onreconnect([&] { ++tries; });
    REQUIRE(turnUntil(loop, [&] { return doubtful.closed; }));
    CHECK(doubtful.error.code == Errc::CertificateInvalid);
    CHECK(tries == 0);
  });
}

TEST_CASE("a client connects again while its certificates are being replaced, as whom it was") {
  overEachBackend([](net::Loop& loop) {
    Server server;
    const test::TemporaryFolder folder;
    TlsClientOptions tls = withCertificate();
    for (const auto& [name, text] : {std::pair("ca", &tls.ca), {"cert", &tls.cert}, {"key", &tls.key}}) {
      const std::string path = folder.file(name);
      std::ofstream(path) << *text;
      *text = path;
    }
    const Reconnect often{.maxTries = 5, .delay = 5ms};
    Client client(server.wss(), {.tls = tls, .reconnect = often});
    REQUIRE(turnUntil(loop, [&] { return client.text == "over TLS"; }));

    const auto comesAgain = [&] {
      client.text.clear();
      server.last.terminate();
      return turnUntil(loop, [&] { return client.text == "over TLS" || client.closed; }) && !client.closed;
    };
    std::ofstream(tls.key) << Identities::get().localhost.key();
    CHECK(comesAgain());
    std::filesystem::remove(tls.ca);
    CHECK(comesAgain());
    CHECK(server.seen == std::vector<std::string>(3, "|CN=ann"));

    // Who comes when it is like that has nothing to hold on to.
    CHECK_THROWS_AS(WebSocket(server.wss(), {.tls = tls, .reconnect = often}), TlsError);
  });
}
