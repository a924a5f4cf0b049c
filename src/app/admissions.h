#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <unordered_map>

#include <duplex/address.h>
#include <duplex/error.h>

namespace duplex {

struct AppOptions;

/// How many connections an app has on all its loops: in all and from each address, and of these those that
/// have not yet sent a request; held to the app's limits. Any thread may call it.
///
/// An address is an IPv4 address, or the first 64 bits of an IPv6 address, which is what one customer is
/// given. Whoever takes a place gives it back with the address that it was taken for. Many may share a
/// loopback address, where a proxy is: of its handshakes only their number in all counts.
class Admissions {
 public:
  explicit Admissions(const AppOptions& options) noexcept : options_(options) {}

  enum class Stage : std::uint8_t {
    Handshake,  ///< no request has come
    Greeted,
  };

  /// Takes a place for a connection that begins; without an address if `peer` is none. The limit that
  /// leaves no room for it, or Errc{}.
  Errc enter(const Address& peer);
  /// Its first request has come.
  void greet(const Address& peer) noexcept;
  /// Takes a place for the address of a connection that has entered without one.
  Errc enterAddress(const Address& peer, Stage stage);
  /// Of one that has been greeted.
  void leave(const Address& peer) noexcept;
  void leaveAddress(const Address& peer) noexcept { giveBack(peer, true, false); }

  std::size_t connections() const noexcept { return connections_.load(std::memory_order_relaxed); }
  std::size_t handshakes() const noexcept { return handshakes_.load(std::memory_order_relaxed); }

 private:
  struct Held {
    std::uint32_t connections = 0;
    std::uint32_t handshakes = 0;
  };

  bool counts(const Address& peer) const noexcept;
  bool countsHandshakes(const Address& peer) const noexcept;
  void giveBack(const Address& peer, bool connection, bool handshake) noexcept;

  const AppOptions& options_;
  std::atomic<std::size_t> connections_{0};
  std::atomic<std::size_t> handshakes_{0};
  std::mutex mutex_;
  // Of what has no limit, nothing is counted.
  std::unordered_map<std::uint64_t, Held> byAddress_;
};

}  // namespace duplex
