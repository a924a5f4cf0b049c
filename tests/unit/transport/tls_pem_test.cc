// Certificates and keys that cannot be used are refused where they are set up, in words that say which.
#include "transport/tls_pem.h"

#include <doctest/doctest.h>

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include "support/certificates.h"
#include "transport/tls_client.h"
#include "transport/tls_context.h"

using namespace duplex;
using test::Certificate;
using test::Identities;

namespace {

/// A file that goes with this.
class File {
 public:
  explicit File(const std::string& content) {
    const int descriptor = ::mkstemp(name_.data());
    REQUIRE(descriptor >= 0);
    ::close(descriptor);
    write(content);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() { std::remove(name_.c_str()); }

  void write(const std::string& content) const { std::ofstream(name_, std::ios::trunc) << content; }
  const std::string& name() const { return name_; }

 private:
  std::string name_ = "/tmp/duplex-tls-XXXXXX";
};

/// What setting up a server throws; empty if nothing.
std::string refusal(const TlsOptions& options) {
  try {
    transport::TlsServerContext context(options);
    return {};
  } catch (const TlsError& error) {
    return error.what();
  }
}

std::string refusal(const TlsClientOptions& options) {
  try {
    transport::TlsClientContext context(options);
    return {};
  } catch (const TlsError& error) {
    return error.what();
  }
}

const Certificate& localhost() {
  return Identities::get().localhost;
}

bool startsWith(const std::string& text, const std::string& start) {
  return text.compare(0, start.size(), start) == 0;
}

}  // namespace

TEST_CASE("text and files hold the same") {
  const File cert(localhost().cert() + Identities::get().authority.cert());
  const File key(localhost().key());
  const File both(localhost().key() + localhost().cert());
  CHECK(refusal(TlsOptions{.cert = cert.name(), .key = key.name()}).empty());
  CHECK(refusal(TlsOptions{.cert = both.name(), .key = both.name()}).empty());
  CHECK(refusal(TlsOptions{.cert = localhost().cert(), .key = key.name()}).empty());
  CHECK(refusal(localhost().server()).empty());
}

TEST_CASE("what is missing is named") {
  CHECK(refusal(TlsOptions{}) == "TLS: there is no certificate: set 'cert'");
  CHECK(refusal(TlsOptions{.cert = "a.pem"}) ==
        "TLS: there is no key for the certificate 'a.pem': set 'key'");
  CHECK(refusal(TlsOptions{.cert = "/no/such.pem", .key = "b.pem"}) ==
        "TLS: the certificate '/no/such.pem' cannot be read: No such file or directory");
  CHECK(refusal(TlsOptions{.cert = localhost().cert(), .key = "/no/key.pem"}) ==
        "TLS: the key '/no/key.pem' cannot be read: No such file or directory");
  CHECK(refusal(TlsOptions{.cert = "/", .key = "b.pem"}) ==
        "TLS: the certificate '/' cannot be read: Is a directory");
  CHECK(refusal(TlsClientOptions{.ca = "/no/ca.pem"}) ==
        "TLS: the CA '/no/ca.pem' cannot be read: No such file or directory");
  TlsOptions asking = localhost().server();
  asking.clientCertificate = ClientCertificate::Require;
  CHECK(refusal(asking) == "TLS: clients are asked for certificates, but nobody vouches for them: set 'ca'");
}

TEST_CASE("what is something else is refused") {
  const File empty("");
  const File prose("this is no certificate\n");
  CHECK(refusal(TlsOptions{.cert = empty.name(), .key = localhost().key()}) ==
        "TLS: the certificate '" + empty.name() + "' holds no certificate");
  CHECK(refusal(TlsOptions{.cert = localhost().key(), .key = localhost().key()}) ==
        "TLS: the certificate that is given as text holds no certificate");
  CHECK(startsWith(refusal(TlsOptions{.cert = localhost().cert(), .key = prose.name()}),
                   "TLS: the key '" + prose.name() + "' holds no private key"));
  CHECK(refusal(TlsClientOptions{.ca = prose.name()}) ==
        "TLS: the CA '" + prose.name() + "' holds no certificate");
  const std::string broken = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
  CHECK(startsWith(refusal(TlsOptions{.cert = broken, .key = localhost().key()}),
                   "TLS: the certificate that is given as text is malformed"));
  CHECK(startsWith(refusal(TlsOptions{.cert = localhost().cert() + broken, .key = localhost().key()}),
                   "TLS: the certificate that is given as text is malformed"));
}

TEST_CASE("a key that belongs to another certificate is refused") {
  const Certificate other({});
  const File cert(localhost().cert());
  const File key(other.key());
  CHECK(refusal(TlsOptions{.cert = cert.name(), .key = key.name()}) ==
        "TLS: the key '" + key.name() + "' does not match the certificate '" + cert.name() + "'");
  TlsOptions second = localhost().server();
  second.more = {{cert.name(), key.name()}};
  CHECK(startsWith(refusal(second), "TLS: the key '" + key.name() + "' does not match"));
  CHECK(startsWith(refusal(TlsClientOptions{.cert = cert.name(), .key = key.name()}),
                   "TLS: the key '" + key.name() + "' does not match"));
}

TEST_CASE("an encrypted key needs its passphrase, and never asks for it") {
  const Certificate secret({.passphrase = "open sesame"});
  CHECK(refusal(secret.server()).empty());
  for (const char* wrong : {"", "open barley"}) {
    TlsOptions options = secret.server();
    options.passphrase = wrong;
    CHECK(startsWith(refusal(options),
                     "TLS: the key that is given as text is encrypted, and the passphrase does not open it"));
  }
}

TEST_CASE("other options that cannot be") {
  TlsOptions options = localhost().server();
  options.ciphers = "ROT13";
  CHECK(refusal(options) == "TLS: none of the ciphers 'ROT13' is known");
  CHECK(startsWith(refusal(TlsClientOptions{.serverName = std::string(256, 'a')}), "TLS: 'aaa"));
  CHECK(refusal(TlsClientOptions{.serverName = ".a.example"}) ==
        "TLS: '.a.example' cannot be a server's name");
}

TEST_CASE("a file that was written anew is another version of itself") {
  const File file("one");
  const std::string first = transport::versionOf(file.name());
  CHECK(transport::versionOf(file.name()) == first);
  file.write("another");
  CHECK(transport::versionOf(file.name()) != first);
  CHECK(transport::versionOf("/no/such/file") == "/no/such/file");
  CHECK(transport::versionOf(localhost().cert()) == localhost().cert());
}
