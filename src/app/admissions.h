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

/// How many connections an app has on all its loops: in all, of those that have not yet sent a request,
/// and from each address; held to the app's limits. Any thread may call it.
///
/// An address is an IPv4 address, or the first 64 bits of an IPv6 address, which is what one customer is
/// given. Whoever takes a place gives it back with the address that it was taken for.
class Admissions {
 public:
  explicit Admissions(const AppOptions& options) noexcept : options_(options) {}

  /// Takes a place for a connection that begins; without an address if `peer` is none. The limit that
  /// leaves no room for it, or Errc{}.
  Errc enter(const Address& peer);
  /// Its first request has come.
  void greet() noexcept { handshakes_.fetch_sub(1, std::memory_order_relaxed); }
  /// Takes a place for the address of a connection that has entered without one.
  Errc enterAddress(const Address& peer);
  void leave(const Address& peer) noexcept;
  void leaveAddress(const Address& peer) noexcept;

  std::size_t connections() const noexcept { return connections_.load(std::memory_order_relaxed); }
  std::size_t handshakes() const noexcept { return handshakes_.load(std::memory_order_relaxed); }

 private:
  const AppOptions& options_;
  std::atomic<std::size_t> connections_{0};
  std::atomic<std::size_t> handshakes_{0};
  std::mutex mutex_;
  // Empty where there is no limit.
  std::unordered_map<std::uint64_t, std::uint32_t> byAddress_;
};

}  // namespace duplex
