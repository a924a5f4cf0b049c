// Whom a server lets in and what it shows of itself; whom a client believes.
#include "transport/tls_context.h"

#include <doctest/doctest.h>

#include <openssl/ssl.h>

#include <string>

#include <duplex/error.h>

#include "support/loops.h"
#include "support/tls_ends.h"

using namespace duplex;
using test::Certificate;
using test::Identities;
using test::overEachBackend;
using test::SimLoop;
using test::TlsClient;
using test::TlsEnd;
using test::TlsPair;
using test::TlsServer;
using test::trusting;
using test::turnUntil;

namespace {

/// One attempt, and how it ended on both sides.
struct Attempt {
  Attempt(net::Loop& loop, const TlsOptions& options, TlsClient::Start start)
      : server(loop, options), client(loop, server.listening.address, std::move(start)) {
    REQUIRE(turnUntil(loop, [&] { return client.end.connected || client.end.over(); }));
    REQUIRE(turnUntil(loop, [&] { return peer().connected || peer().over(); }));
    // A client's certificate is looked at when the client is done already (TLS 1.3).
    if (peer().over()) REQUIRE(turnUntil(loop, [&] { return client.end.over(); }));
  }
  Attempt(net::Loop& loop, const TlsOptions& options, const TlsClientOptions& as,
          const std::string& host = "localhost")
      : Attempt(loop, options,
                [context = loop.local<transport::TlsClients>().context(as), host](transport::Stream& stream) {
                  stream.startTls(*context, host, 1);
                }) {}

  TlsEnd& peer() { return *server.ends.at(0); }
  bool good() { return client.end.connected && peer().connected && !client.end.over(); }

  TlsServer server;
  TlsClient client;
};

/// The start of a client that `change` has set up.
template <class Change>
TlsClient::Start changed(net::Loop& loop, Change change) {
  auto context = loop.local<transport::TlsClients>().context(trusting());
  return [context, change](transport::Stream& stream) {
    transport::SslPtr ssl = context->connect("localhost", 1);
    change(ssl.get());
    stream.startTls(Ref<transport::TlsContext>(context.get()), std::move(ssl));
  };
}

/// What its certificate is for.
std::string commonName(const SSL* ssl) {
  X509* certificate = SSL_get1_peer_certificate(ssl);
  char name[100] = "";
  X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name, sizeof name);
  X509_free(certificate);
  return name;
}

const Identities& ids() {
  return Identities::get();
}

TlsOptions serverOf(const Certificate& certificate) {
  return certificate.server();
}

}  // namespace

TEST_CASE("a client believes those whom its authority vouches for, and nobody else") {
  overEachBackend([](net::Loop& loop) {
    CHECK(Attempt(loop, ids().localhost.server(), trusting()).good());

    const Certificate otherAuthority({.commonName = "Other CA", .names = "", .authority = true});
    Attempt stranger(loop, ids().localhost.server(), {.ca = otherAuthority.cert()});
    CHECK(stranger.client.end.error == Errc::CertificateInvalid);
    CHECK(stranger.client.end.why == "unable to get local issuer certificate");
    // The server is told, unless the network was too slow for a farewell.
    CHECK(stranger.peer().over());
    if (loop.backendName() != "sim") CHECK(stranger.peer().why == "tlsv1 alert unknown ca");

    const Certificate byItself({});
    Attempt selfSigned(loop, byItself.server(), trusting());
    CHECK(selfSigned.client.end.error == Errc::CertificateInvalid);
    CHECK(selfSigned.client.end.why.starts_with("self-signed certificate"));
    CHECK(Attempt(loop, byItself.server(), {.ca = byItself.cert()}).good());
    // One that was named is believed without those above it.
    CHECK(Attempt(loop, ids().localhost.server(), {.ca = ids().localhost.cert()}).good());

    // What the system trusts has none of them.
    CHECK(Attempt(loop, ids().localhost.server(), TlsClientOptions{}).client.end.error ==
          Errc::CertificateInvalid);
    CHECK(Attempt(loop, byItself.server(), {.verify = false}, "any.example").good());
  });
}

TEST_CASE("a certificate holds for its time alone") {
  SimLoop sim;
  const Certificate expired({.validFrom = -20, .validTo = -10}, &ids().authority);
  CHECK(Attempt(sim.loop, expired.server(), trusting()).client.end.why == "certificate has expired");
  const Certificate coming({.validFrom = 10, .validTo = 20}, &ids().authority);
  CHECK(Attempt(sim.loop, coming.server(), trusting()).client.end.why == "certificate is not yet valid");
}

TEST_CASE("a certificate holds for its names and addresses alone") {
  SimLoop sim;
  const Certificate certificate(
      {.commonName = "common.example", .names = "DNS:a.example,DNS:*.b.example,IP:127.0.0.1,IP:::1"},
      &ids().authority);
  const auto why = [&](const std::string& host) {
    return Attempt(sim.loop, certificate.server(), trusting(), host).client.end.why;
  };
  for (const char* good : {"a.example", "A.Example", "a.example.", "x.b.example", "127.0.0.1", "::1"}) {
    CAPTURE(good);
    CHECK(why(good).empty());
  }
  for (const char* bad : {"common.example", "b.example", "x.y.b.example", "xa.example"}) {
    CAPTURE(bad);
    CHECK(why(bad) == "hostname mismatch");
  }
  CHECK(why("127.0.0.2") == "IP address mismatch");
  // What OpenSSL would take for any name below one, or for none at all.
  for (const char* none : {".example", ".b.example", "..b.example", ".", ""}) {
    CAPTURE(none);
    CHECK_THROWS_AS(sim.loop.local<transport::TlsClients>().context(trusting())->connect(none, 1), TlsError);
  }

  TlsClientOptions other = trusting();
  other.serverName = "a.example";
  CHECK(Attempt(sim.loop, certificate.server(), other, "127.0.0.2").good());
}

TEST_CASE("no certificate, another's, or a good one, where clients are not asked, asked, or must") {
  overEachBackend([](net::Loop& loop) {
    const Certificate ann({.commonName = "ann", .names = ""}, &ids().authority);
    const Certificate stranger({.commonName = "stranger", .names = ""});
    const auto attempt = [&](ClientCertificate mode, const Certificate* certificate) {
      TlsOptions server = ids().localhost.server();
      server.clientCertificate = mode;
      server.ca = ids().authority.cert();
      TlsClientOptions client = trusting();
      if (certificate != nullptr) {
        client.cert = certificate->cert();
        client.key = certificate->key();
      }
      auto made = std::make_unique<Attempt>(loop, server, client);
      return made;
    };
    using Mode = ClientCertificate;
    for (const Certificate* any : {static_cast<const Certificate*>(nullptr), &ann, &stranger}) {
      const auto made = attempt(Mode::None, any);
      CHECK(made->good());
      CHECK(made->peer().stream.peerSubject().empty());
    }
    for (const Mode mode : {Mode::Request, Mode::Require}) {
      const auto known = attempt(mode, &ann);
      CHECK(known->good());
      CHECK(known->peer().stream.peerSubject() == "CN=ann");
      const auto unknown = attempt(mode, &stranger);
      CHECK(unknown->peer().error == Errc::CertificateInvalid);
      CHECK(unknown->peer().why == "self-signed certificate");
      CHECK(unknown->client.end.over());
    }
    CHECK(attempt(Mode::Request, nullptr)->good());
    const auto missing = attempt(Mode::Require, nullptr);
    CHECK(missing->peer().error == Errc::CertificateInvalid);
    CHECK(missing->peer().why == "there is none");
    CHECK(missing->client.end.over());
  });
}

TEST_CASE("a certificate without a subject is known by its other names, and is never nobody's") {
  SimLoop sim;
  TlsOptions options = ids().localhost.server();
  options.clientCertificate = ClientCertificate::Require;
  options.ca = ids().authority.cert();
  const auto subject = [&](const std::string& commonName, const std::string& names) {
    const Certificate own({.commonName = commonName, .names = names}, &ids().authority);
    TlsClientOptions client = trusting();
    client.cert = own.cert();
    client.key = own.key();
    Attempt attempt(sim.loop, options, client);
    REQUIRE(attempt.good());
    return attempt.peer().stream.peerSubject();
  };
  CHECK(subject("ann", "DNS:bob.example") == "CN=ann");
  CHECK(subject("", "critical,DNS:ann.example,email:ann@a.example,IP:192.0.2.1,IP:2001:db8::1") ==
        "DNS:ann.example,email:ann@a.example,IP:192.0.2.1,IP:2001:db8::1");
  CHECK(subject("", "URI:spiffe://example/ann") == "URI:spiffe://example/ann");
  // One name, not two.
  CHECK(subject("", "URI:spiffe://example/a\\,DNS:bob") != "URI:spiffe://example/a,DNS:bob");
  for (const std::string names : {"", "RID:1.2.3.4"}) {
    const std::string fingerprint = subject("", names);
    CHECK(fingerprint.starts_with("SHA256:"));
    CHECK(fingerprint.size() == 7 + 64);
  }
}

TEST_CASE("of several certificates a client gets the one for the host it asks for") {
  SimLoop sim;
  const Certificate first({.commonName = "first", .names = "DNS:first.example"}, &ids().authority);
  const Certificate second({.commonName = "second", .names = "DNS:*.second.example"}, &ids().authority);
  const Certificate third({.commonName = "third", .names = "DNS:third.example,DNS:www.second.example"},
                          &ids().authority);
  TlsOptions options = serverOf(first);
  options.more = {second.identity(), third.identity()};
  const auto shown = [&](const char* host) {
    auto context = sim.loop.local<transport::TlsClients>().context({.verify = false});
    const SSL* ssl = nullptr;
    Attempt attempt(sim.loop, options, [&](transport::Stream& stream) {
      transport::SslPtr made = context->connect(host, 1);
      ssl = made.get();
      stream.startTls(Ref<transport::TlsContext>(context.get()), std::move(made));
    });
    REQUIRE(attempt.good());
    return commonName(ssl);
  };
  CHECK(shown("first.example") == "first");
  CHECK(shown("www.second.example") == "second");
  CHECK(shown("third.example") == "third");
  CHECK(shown("unknown.example") == "first");
  // Addresses are not asked for.
  CHECK(shown("127.0.0.1") == "first");
}

TEST_CASE("http/1.1 is what is spoken") {
  SimLoop sim;
  const auto offering = [&](const std::string& list) {
    const SSL* ssl = nullptr;
    Attempt attempt(sim.loop, ids().localhost.server(), changed(sim.loop, [&](SSL* made) {
                      ssl = made;
                      SSL_set_alpn_protos(made, reinterpret_cast<const unsigned char*>(list.data()),
                                          static_cast<unsigned>(list.size()));
                    }));
    if (!attempt.good()) return attempt.client.end.why;
    const unsigned char* chosen = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl, &chosen, &size);
    return std::string(reinterpret_cast<const char*>(chosen), size);
  };
  CHECK(offering("\x08http/1.1") == "http/1.1");
  CHECK(offering("\x02h2\x08http/1.1") == "http/1.1");
  CHECK(offering("") == "");
  CHECK(offering("\x02h2") == "tlsv1 alert no application protocol");
}

TEST_CASE("old versions and weak ciphers are refused") {
  SimLoop sim;
  const auto attempt = [&](TlsVersion least, int highest, const char* ciphers = nullptr) {
    TlsOptions options = ids().localhost.server();
    options.minVersion = least;
    Attempt made(sim.loop, options, changed(sim.loop, [&](SSL* ssl) {
                   SSL_set_min_proto_version(ssl, TLS1_VERSION);
                   SSL_set_max_proto_version(ssl, highest);
                   // What else would keep it from offering the old ones.
                   SSL_set_security_level(ssl, 0);
                   SSL_set_cipher_list(ssl, ciphers == nullptr ? "ALL" : ciphers);
                 }));
    return made.good() ? std::string("good") : made.peer().why;
  };
  CHECK(attempt(TlsVersion::Tls12, TLS1_3_VERSION) == "good");
  CHECK(attempt(TlsVersion::Tls12, TLS1_2_VERSION) == "good");
  CHECK(attempt(TlsVersion::Tls12, TLS1_1_VERSION) == "unsupported protocol");
  CHECK(attempt(TlsVersion::Tls13, TLS1_3_VERSION) == "good");
  CHECK(attempt(TlsVersion::Tls13, TLS1_2_VERSION) == "unsupported protocol");
  CHECK(attempt(TlsVersion::Tls12, TLS1_2_VERSION, "ECDHE-ECDSA-AES128-SHA") == "no shared cipher");
}

TEST_CASE("a client demands a version, too") {
  SimLoop sim;
  TlsClientOptions client = trusting();
  client.minVersion = TlsVersion::Tls13;
  auto context = sim.loop.local<transport::TlsClients>().context(client);
  TlsOptions options = ids().localhost.server();
  TlsServer server(sim.loop, options);
  // A server that speaks no TLS 1.3 stands behind it.
  struct Old final : net::AcceptHandler {
    Old(net::Loop& on, const TlsOptions& with)
        : loop(on),
          tls(Ref<transport::TlsServerContext>::adopt(new transport::TlsServerContext(with))),
          listening(on.listen(Address::parse("127.0.0.1", 0), *this)) {}
    ~Old() { loop.stopListening(listening); }
    void onAccepted(net::Accepted accepted) override {
      end.stream = transport::Stream(loop.adopt(accepted, end));
      transport::SslPtr ssl = tls->accept();
      SSL_set_max_proto_version(ssl.get(), TLS1_2_VERSION);
      end.stream.startTls(Ref<transport::TlsContext>(tls.get()), std::move(ssl));
    }
    net::Loop& loop;
    Ref<transport::TlsServerContext> tls;
    net::Listening listening;
    TlsEnd end;
  } old(sim.loop, options);
  TlsClient end(sim.loop, old.listening.address,
                [&](transport::Stream& stream) { stream.startTls(*context, "localhost", 1); });
  REQUIRE(turnUntil(sim.loop, [&] { return end.end.over() && old.end.over(); }));
  CHECK(end.end.why == "tlsv1 alert protocol version");
}

TEST_CASE("a session is resumed, unless the server wants none") {
  overEachBackend([](net::Loop& loop) {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
      for (const bool wanted : {true, false}) {
        CAPTURE(version);
        CAPTURE(wanted);
        TlsOptions options = ids().localhost.server();
        if (!wanted) options.sessionLifetime = std::chrono::seconds(0);
        TlsServer server(loop, options);
        TlsClientOptions as = trusting();
        // Sessions of its own.
        as.serverName = "localhost";
        as.passphrase = std::to_string(version) + (wanted ? "w" : "-");
        auto context = loop.local<transport::TlsClients>().context(as);
        for (int round = 0; round < 3; ++round) {
          TlsClient client(loop, server.listening.address, [&](transport::Stream& stream) {
            transport::SslPtr ssl = context->connect("localhost", 1);
            SSL_set_max_proto_version(ssl.get(), version);
            stream.startTls(Ref<transport::TlsContext>(context.get()), std::move(ssl));
          });
          const auto number = static_cast<std::size_t>(round);
          REQUIRE(turnUntil(loop, [&] {
            return client.end.connected && server.ends.size() == number + 1 && server.ends[number]->connected;
          }));
          // TLS 1.3 brings what is to be resumed after the handshake.
          server.ends[number]->stream.output().append("?");
          REQUIRE(turnUntil(loop, [&] { return client.end.received == "?"; }));
          CHECK(client.end.stream.resumed() == (wanted && round > 0));
          CHECK(server.ends[number]->stream.resumed() == (wanted && round > 0));
        }
      }
    }
  });
}

TEST_CASE("a resumed session knows its client's certificate") {
  SimLoop sim;
  const Certificate ann({.commonName = "ann", .names = ""}, &ids().authority);
  TlsOptions options = ids().localhost.server();
  options.clientCertificate = ClientCertificate::Require;
  options.ca = ids().authority.cert();
  TlsServer server(sim.loop, options);
  TlsClientOptions as = trusting();
  as.cert = ann.cert();
  as.key = ann.key();
  for (std::size_t round = 0; round < 2; ++round) {
    TlsClient client(sim.loop, server, as);
    REQUIRE(turnUntil(sim.loop,
                      [&] { return server.ends.size() == round + 1 && server.ends[round]->connected; }));
    server.ends[round]->stream.output().append("?");
    REQUIRE(turnUntil(sim.loop, [&] { return client.end.received == "?"; }));
    CHECK(server.ends[round]->stream.resumed() == (round == 1));
    CHECK(server.ends[round]->stream.peerSubject() == "CN=ann");
  }
}
