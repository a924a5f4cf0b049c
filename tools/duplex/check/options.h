#pragma once

#include <cstdint>
#include <string>

namespace duplex::check {

/// What `duplex check` is to do.
struct Options {
  /// The server to check; empty: clients are checked.
  std::string url;
  /// Where clients are waited for; 0 picks a free port, below 0: nowhere.
  int port = -1;
  std::string host = "127.0.0.1";
  /// Which cases; see `selectCases`.
  std::string only;
  /// What is checked is called so in the report.
  std::string name;
  bool list = false;
  bool json = false;
  /// A file for the page; empty: none.
  std::string html;
  /// Seconds to wait for an answer.
  double timeout = 5;
  /// Seconds that a case may take in all.
  double caseTimeout = 60;
  unsigned parallel = 4;
  std::string backend = "auto";
  /// Files, for TLS: who is trusted instead of those whom the system trusts; a certificate and its key, of
  /// our own for the server to see, or for clients to connect by TLS.
  std::string authority;
  std::string certificate;
  std::string key;
  /// Whoever answers is taken for the server.
  bool insecure = false;
};

}  // namespace duplex::check
