#pragma once

#include <span>
#include <string_view>

#include "base/bytes.h"

namespace duplex::fuzz {

/// What is fuzzed. Each takes any bytes: the first few choose sides, limits and how the rest is cut, the
/// rest is what a peer sends. It returns if all that must hold holds, and else ends the process.
void frame(Bytes bytes);
void session(Bytes bytes);
void deflate(Bytes bytes);
void headerList(Bytes bytes);
void handshake(Bytes bytes);
void httpRequest(Bytes bytes);
void httpResponse(Bytes bytes);
void proxy(Bytes bytes);
void url(Bytes bytes);
void paths(Bytes bytes);
void staticFiles(Bytes bytes);
void server(Bytes bytes);

struct Target {
  /// Of its folder in corpus/, too.
  std::string_view name;
  void (*run)(Bytes bytes);
};

std::span<const Target> targets() noexcept;

}  // namespace duplex::fuzz
