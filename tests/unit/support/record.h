#pragma once

#include <string>
#include <system_error>

#include "base/bytes.h"
#include "net/socket.h"

namespace duplex::test {

/// Keeps a record of what happens to one end of a connection.
struct Record : net::SocketHandler {
  std::string received;
  bool connected = false;
  bool ended = false;
  bool failed = false;
  int drained = 0;
  std::error_code error;
  Function<void()> onDataHook;

  bool over() const noexcept { return ended || failed; }

  void onConnected() override { connected = true; }
  void onData(MutableBytes bytes) override {
    received += asText(bytes);
    if (onDataHook) onDataHook();
  }
  void onEnd() override { ended = true; }
  void onDrained() override { ++drained; }
  void onFailed(std::error_code why) override {
    failed = true;
    error = why;
    forget();
  }
  /// That has failed: it is no more.
  virtual void forget() = 0;

 protected:
  Record() = default;
  ~Record() = default;
};

}  // namespace duplex::test
