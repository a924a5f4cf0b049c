#pragma once

#include <sys/socket.h>

#include <system_error>

#include <duplex/address.h>

#include "base/bytes.h"
#include "net/backend.h"

namespace duplex::net {

/// What the back ends of this kernel share: sockets made and described. All are non-blocking and
/// close on exec.

/// An Address as the kernel has it.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;

  SocketAddress() = default;
  explicit SocketAddress(const Address& address) noexcept;
  sockaddr* get() noexcept { return reinterpret_cast<sockaddr*>(&storage); }
  Address address() const;
};

/// Bound and listening; "::" takes IPv4 too, and is 0.0.0.0 where there is no IPv6. Of a Unix socket, see
/// openUnixListener. Throws std::system_error.
int openListener(const Address& address);
/// Where `descriptor` listens.
Listening describeListener(int descriptor);
/// Whom it is connected to; none if it is so no more.
Address peerAddress(int descriptor);
/// Begins to connect; writable when that has ended. -1 and errno on failure.
int startConnect(const Address& address) noexcept;
/// What every connection gets: no delay of small writes (RFC 896). What a listener accepts inherits it.
void tune(int descriptor) noexcept;
/// Sends as much as the kernel takes at once; returns how much, 0 if nothing or in an error.
std::size_t sendNow(int descriptor, Bytes head, Bytes body) noexcept;
/// The error that is pending on `descriptor`, if any.
std::error_code pendingError(int descriptor) noexcept;
/// Makes the peer get RST when it is closed.
void resetOnClose(int descriptor) noexcept;
/// With `reset` the peer gets RST.
void closeSocket(int descriptor, bool reset) noexcept;

}  // namespace duplex::net
