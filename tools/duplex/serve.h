#pragma once

#include <cstdint>
#include <string>
#include <vector>

struct ServeOptions {
  /// Empty: the demo page that is compiled in.
  std::string folder;
  std::string host = "127.0.0.1";
  std::uint16_t port = 5000;
  unsigned threads = 1;
  std::string backend = "auto";
  /// Foreign origins that may connect; "*" lets all.
  std::vector<std::string> origins;
};

/// Serves a site and WebSocket at "/" until SIGINT or SIGTERM. Returns the program's exit code.
int serve(const ServeOptions& options);
