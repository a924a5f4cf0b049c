#include "net/posix_socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include "net/socket_file.h"

namespace duplex::net {
namespace {

constexpr int backlog = 4096;

void setOption(int descriptor, int level, int name, int value) noexcept {
  ::setsockopt(descriptor, level, name, &value, sizeof value);
}

int openStream(int family) noexcept {
  return ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

/// 0, or -1 and errno. A process that had the port, used io_uring and was killed gives it up some
/// milliseconds after its end: as long as that it is tried again.
int bindAndListen(int descriptor, SocketAddress& name) noexcept {
  constexpr int tries = 20;
  constexpr unsigned microseconds = 5'000;
  bool bound = false;
  for (int i = 0;; ++i) {
    bound = bound || ::bind(descriptor, name.get(), name.size) == 0;
    if (bound && ::listen(descriptor, backlog) == 0) return 0;
    if (errno != EADDRINUSE || i == tries) return -1;
    ::usleep(microseconds);
  }
}

int openSocket(const Address& address) noexcept {
  if (address.family() == Address::Family::Unix) return openStream(AF_UNIX);
  return openStream(address.family() == Address::Family::V4 ? AF_INET : AF_INET6);
}

static_assert(Address::maxPath == sizeof(sockaddr_un::sun_path) - 1);

}  // namespace

SocketAddress::SocketAddress(const Address& address) noexcept {
  if (address.family() == Address::Family::V4) {
    auto* v4 = reinterpret_cast<sockaddr_in*>(&storage);
    v4->sin_family = AF_INET;
    v4->sin_port = htons(address.port());
    std::memcpy(&v4->sin_addr, address.bytes().data(), 4);
    size = sizeof *v4;
  } else if (address.family() == Address::Family::Unix) {
    auto* local = reinterpret_cast<sockaddr_un*>(&storage);
    local->sun_family = AF_UNIX;
    address.path().copy(local->sun_path, Address::maxPath);
    size = sizeof *local;
  } else {
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&storage);
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(address.port());
    std::memcpy(&v6->sin6_addr, address.bytes().data(), 16);
    size = sizeof *v6;
  }
}

Address SocketAddress::address() const {
  std::array<std::uint8_t, 16> bytes{};
  if (storage.ss_family == AF_UNIX) {
    // Without a name there is no path at all; an abstract one begins with a NUL.
    const auto* local = reinterpret_cast<const sockaddr_un*>(&storage);
    if (size <= offsetof(sockaddr_un, sun_path)) return Address::unixSocket({});
    return Address::unixSocket({local->sun_path, ::strnlen(local->sun_path, Address::maxPath)});
  }
  if (storage.ss_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(&storage);
    std::memcpy(bytes.data(), &v4->sin_addr, 4);
    return {Address::Family::V4, bytes, ntohs(v4->sin_port)};
  }
  if (storage.ss_family == AF_INET6) {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&storage);
    std::memcpy(bytes.data(), &v6->sin6_addr, 16);
    return {Address::Family::V6, bytes, ntohs(v6->sin6_port)};
  }
  return {};
}

int openListener(const Address& address) {
  if (address.family() == Address::Family::Unix) return openUnixListener(address.path(), backlog);
  Address bound = address;
  int descriptor = openSocket(bound);
  const bool any = bound.bytes() == std::array<std::uint8_t, 16>{};
  if (descriptor < 0 && errno == EAFNOSUPPORT && any) {
    bound = Address(Address::Family::V4, {}, address.port());
    descriptor = openSocket(bound);
  }
  if (descriptor < 0) throw std::system_error(errno, std::generic_category(), "socket");
  setOption(descriptor, SOL_SOCKET, SO_REUSEADDR, 1);
  tune(descriptor);
  if (bound.family() == Address::Family::V6) setOption(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, any ? 0 : 1);
  SocketAddress name(bound);
  if (bindAndListen(descriptor, name) != 0) {
    const int error = errno;
    ::close(descriptor);
    throw std::system_error(error, std::generic_category(), "listen on " + bound.string());
  }
  return descriptor;
}

Listening describeListener(int descriptor) {
  SocketAddress name;
  if (::getsockname(descriptor, name.get(), &name.size) != 0) return {descriptor, {}, {}};
  const Address address = name.address();
  return {descriptor, address, SocketFile::at(address.path())};
}

Address peerAddress(int descriptor) {
  SocketAddress name;
  if (::getpeername(descriptor, name.get(), &name.size) != 0) return {};
  return name.address();
}

int startConnect(const Address& address) noexcept {
  const int descriptor = openSocket(address);
  if (descriptor < 0) return -1;
  tune(descriptor);
  SocketAddress name(address);
  if (::connect(descriptor, name.get(), name.size) == 0 || errno == EINPROGRESS) return descriptor;
  const int error = errno;
  ::close(descriptor);
  errno = error;
  return -1;
}

void tune(int descriptor) noexcept {
  setOption(descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
}

std::size_t sendNow(int descriptor, Bytes head, Bytes body) noexcept {
  constexpr int flags = MSG_NOSIGNAL | MSG_DONTWAIT;
  if (head.data() + head.size() == body.data()) {
    const ssize_t sent = ::send(descriptor, head.data(), head.size() + body.size(), flags);
    return sent < 0 ? 0 : static_cast<std::size_t>(sent);
  }
  // sendmsg does not write to what an iovec points to, whatever its type says.
  iovec pieces[] = {{const_cast<std::byte*>(head.data()), head.size()},
                    {const_cast<std::byte*>(body.data()), body.size()}};
  msghdr message{};
  message.msg_iov = pieces;
  message.msg_iovlen = 2;
  const ssize_t sent = ::sendmsg(descriptor, &message, flags);
  return sent < 0 ? 0 : static_cast<std::size_t>(sent);
}

std::error_code pendingError(int descriptor) noexcept {
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  return {error, std::generic_category()};
}

void resetOnClose(int descriptor) noexcept {
  const linger now{1, 0};
  ::setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

void closeSocket(int descriptor, bool reset) noexcept {
  if (reset) resetOnClose(descriptor);
  ::close(descriptor);
}

}  // namespace duplex::net
