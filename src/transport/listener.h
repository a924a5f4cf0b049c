#pragma once

#include <system_error>
#include <utility>

#include <duplex/address.h>
#include <duplex/function.h>

#include "net/loop.h"

namespace duplex::transport {

/// A port or a Unix socket that is listened on, as long as this exists. For the loop's thread.
class Listener final : net::AcceptHandler {
 public:
  static constexpr unsigned ownerOnly = 0600;

  /// Throws std::system_error if the address cannot be had. `accept` gets every connection, to be
  /// adopted by a loop or discarded. `permissions` are those of a Unix socket's file, which is removed at
  /// the end.
  Listener(net::Loop& loop, const Address& address, Function<void(net::Accepted)> accept,
           unsigned permissions = ownerOnly);
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener();

  const Address& address() const noexcept { return listening_.address; }
  /// Sets who is told why a connection could not be accepted.
  void onFailure(Function<void(std::error_code)> handler) { failed_ = std::move(handler); }

 private:
  void stop() noexcept;
  void onAccepted(net::Accepted accepted) override { accept_(accepted); }
  void onAcceptFailed(std::error_code error) override {
    if (failed_) failed_(error);
  }

  net::Loop& loop_;
  Function<void(net::Accepted)> accept_;
  Function<void(std::error_code)> failed_;
  net::Listening listening_;
};

}  // namespace duplex::transport
