#pragma once

#include <duplex/address.h>
#include <duplex/function.h>

#include "net/loop.h"

namespace duplex::transport {

/// A port that is listened on, as long as this exists. For the loop's thread.
class Listener final : net::AcceptHandler {
 public:
  /// Throws std::system_error if the address cannot be had. `accept` gets every connection, to be
  /// adopted by a loop or discarded.
  Listener(net::Loop& loop, const Address& address, Function<void(net::Accepted)> accept)
      : loop_(loop), accept_(std::move(accept)), listening_(loop.listen(address, *this)) {}
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener() { loop_.stopListening(listening_); }

  const Address& address() const noexcept { return listening_.address; }

 private:
  void onAccepted(net::Accepted accepted) override { accept_(accepted); }

  net::Loop& loop_;
  Function<void(net::Accepted)> accept_;
  net::Listening listening_;
};

}  // namespace duplex::transport
