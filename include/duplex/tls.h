#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <duplex/error.h>
#include <duplex/export.h>

namespace duplex {

/// Thrown while TLS is set up: a file that cannot be read, a key that does not fit its certificate.
class DUPLEX_API TlsError : public Exception {
  using Exception::Exception;
};

/// The lowest version that is spoken. TLS 1.3 is always offered.
enum class TlsVersion : std::uint8_t { Tls12, Tls13 };

/// Whether a server asks its clients for certificates.
enum class ClientCertificate : std::uint8_t {
  None,     ///< no
  Request,  ///< a client may do without, but not have one that `ca` does not vouch for
  Require,  ///< only those whom `ca` vouches for get in
};

/// A certificate and its key. Each text is PEM itself, or the name of a file with PEM in it.
struct TlsIdentity {
  /// The certificate; behind it those between it and the root, in their order.
  std::string cert{};
  std::string key{};
  /// If the key is encrypted.
  std::string passphrase{};
};

/// How a server speaks TLS. `cert` and `key` are needed, all else has a default.
struct TlsOptions {
  /// See TlsIdentity.
  std::string cert{};
  std::string key{};
  std::string passphrase{};
  /// For other names: a client gets the first certificate that is for the host it asks for (SNI, RFC 6066
  /// §3), and `cert` if there is none, or if it names no host.
  std::vector<TlsIdentity> more{};
  ClientCertificate clientCertificate = ClientCertificate::None;
  /// The certificates of those who vouch for clients; PEM or a file's name.
  std::string ca{};
  TlsVersion minVersion = TlsVersion::Tls12;
  /// The ciphers of TLS 1.2, as OpenSSL names them; without it those with forward secrecy and
  /// authenticated encryption.
  std::string ciphers{};
  /// For how long a client may resume a session instead of a whole handshake; 0: not at all.
  std::chrono::seconds sessionLifetime{7'200};
};

/// How a client speaks TLS.
struct TlsClientOptions {
  /// The certificates of those who vouch for the server, in the place of those that the system trusts; PEM
  /// or a file's name.
  std::string ca{};
  /// The client's own, for a server that asks for it; see TlsIdentity.
  std::string cert{};
  std::string key{};
  std::string passphrase{};
  /// The name or IP address that the server's certificate has to be for, and that the server is asked for,
  /// in the place of the URL's host.
  std::string serverName{};
  TlsVersion minVersion = TlsVersion::Tls12;
  /// See TlsOptions.
  std::string ciphers{};
  /// Sessions of earlier connections to the same server are gone on with, where it lets them.
  bool resume = true;
  /// False: whoever answers is taken for the server. For tests alone.
  bool verify = true;
};

}  // namespace duplex
