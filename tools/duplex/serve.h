#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <duplex/compression.h>

struct ServeOptions {
  /// Empty: the demo page that is compiled in.
  std::string folder;
  std::string host = "127.0.0.1";
  std::uint16_t port = 5000;
  unsigned threads = 1;
  std::string backend = "auto";
  /// Foreign origins that may connect; "*" lets all.
  std::vector<std::string> origins;
  /// Files with the certificate chain and its key: it speaks TLS. Empty: it does not.
  std::string certificate;
  std::string key;
  /// A file with those who vouch for clients, who then need certificates; empty: they need none.
  std::string clientAuthority;
  duplex::Compression compression;
};

/// Serves a site and WebSocket at "/" until SIGINT or SIGTERM. On SIGHUP the certificate is read anew.
/// Returns the program's exit code.
int serve(const ServeOptions& options);
