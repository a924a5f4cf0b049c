#pragma once

#include <chrono>
#include <string>
#include <vector>

#include <duplex/compression.h>

struct ConnectOptions {
  std::string url;
  std::vector<std::string> protocols;
  /// Each "Name: value".
  std::vector<std::string> headers;
  std::string origin;
  /// Files: who is trusted instead of those whom the system trusts; a certificate of its own, and its key.
  std::string authority;
  std::string certificate;
  std::string key;
  /// Whoever answers is taken for the server.
  bool insecure = false;
  duplex::Compression compression{.mode = duplex::Compression::Dedicated};
  /// How long to go on receiving after the end of the input.
  std::chrono::milliseconds wait{0};
  /// Lines that begin with a slash are commands.
  bool slash = false;
};

/// A WebSocket client on the terminal or in a pipe: lines of stdin are sent, messages printed to
/// stdout, all else to stderr. Returns the program's exit code: 0 after a normal close, 1 for a
/// connection that failed, 2 for arguments that are none.
int connect(const ConnectOptions& options);
