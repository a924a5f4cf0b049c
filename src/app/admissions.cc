#include "app/admissions.h"

#include <algorithm>
#include <array>

#include <duplex/app.h>

namespace duplex {
namespace {

constexpr std::array<std::uint8_t, 12> mappedPrefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

std::uint64_t numberOf(const std::uint8_t* bytes, int count) noexcept {
  std::uint64_t number = 0;
  for (int i = 0; i < count; ++i) number = number << 8 | bytes[i];
  return number;
}

/// One number for all addresses that count as one. Those of IPv4 lie where IPv6 has multicast groups,
/// which never connect.
std::uint64_t keyOf(const Address& address) noexcept {
  constexpr std::uint64_t v4 = 0xFFFF'FFFF'0000'0000;
  const std::uint8_t* const bytes = address.bytes().data();
  if (address.family() == Address::Family::V4) return v4 | numberOf(bytes, 4);
  if (std::equal(mappedPrefix.begin(), mappedPrefix.end(), bytes)) {
    return v4 | numberOf(bytes + mappedPrefix.size(), 4);
  }
  return numberOf(bytes, 8);
}

bool isIp(const Address& address) noexcept {
  return address.family() == Address::Family::V4 || address.family() == Address::Family::V6;
}

/// Adds one unless there are `limit` already, which is none if 0.
bool take(std::atomic<std::size_t>& number, std::size_t limit) noexcept {
  if (number.fetch_add(1, std::memory_order_relaxed) < limit || limit == 0) return true;
  number.fetch_sub(1, std::memory_order_relaxed);
  return false;
}

}  // namespace

bool Admissions::counts(const Address& peer) const noexcept {
  return options_.maxConnectionsPerAddress != 0 && isIp(peer);
}

bool Admissions::countsHandshakes(const Address& peer) const noexcept {
  return options_.maxHandshakesPerAddress != 0 && isIp(peer) && !peer.isLoopback();
}

Errc Admissions::enter(const Address& peer) {
  // First, for it may throw.
  if (const Errc refused = enterAddress(peer, Stage::Handshake); refused != Errc{}) return refused;
  Errc refused = Errc::TooManyConnections;
  if (take(connections_, options_.maxConnections)) {
    if (take(handshakes_, options_.maxHandshakes)) return {};
    connections_.fetch_sub(1, std::memory_order_relaxed);
    refused = Errc::TooManyHandshakes;
  }
  giveBack(peer, true, true);
  return refused;
}

void Admissions::greet(const Address& peer) noexcept {
  giveBack(peer, false, true);
  handshakes_.fetch_sub(1, std::memory_order_relaxed);
}

Errc Admissions::enterAddress(const Address& peer, Stage stage) {
  const bool connection = counts(peer);
  const bool handshake = stage == Stage::Handshake && countsHandshakes(peer);
  if (!connection && !handshake) return {};
  const std::lock_guard lock(mutex_);
  // No limit is 0 here, so that none that is new is refused.
  Held& held = byAddress_[keyOf(peer)];
  if (connection && held.connections >= options_.maxConnectionsPerAddress) return Errc::TooManyFromAddress;
  if (handshake && held.handshakes >= options_.maxHandshakesPerAddress)
    return Errc::TooManyHandshakesFromAddress;
  if (connection) ++held.connections;
  if (handshake) ++held.handshakes;
  return {};
}

void Admissions::leave(const Address& peer) noexcept {
  leaveAddress(peer);
  connections_.fetch_sub(1, std::memory_order_relaxed);
}

void Admissions::giveBack(const Address& peer, bool connection, bool handshake) noexcept {
  connection = connection && counts(peer);
  handshake = handshake && countsHandshakes(peer);
  if (!connection && !handshake) return;
  const std::lock_guard lock(mutex_);
  const auto found = byAddress_.find(keyOf(peer));
  if (found == byAddress_.end()) return;
  Held& held = found->second;
  if (connection) --held.connections;
  if (handshake) --held.handshakes;
  if (held.connections != 0 || held.handshakes != 0) return;
  byAddress_.erase(found);
  // What a crowd has left behind is not kept for the next one.
  if (byAddress_.empty()) byAddress_ = {};
}

}  // namespace duplex
