#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include <duplex/address.h>

namespace duplex {

/// The addresses with one prefix, as RFC 4632 §3.1 and RFC 4291 §2.3 write it: "10.0.0.0/8",
/// "2001:db8::/32"; without a length one address. IPv4 addresses mapped into IPv6 are IPv4 addresses.
class AddressRange {
 public:
  /// Nothing if `text` is none. Bits of the address behind the prefix mean nothing.
  static std::optional<AddressRange> parse(std::string_view text);

  bool contains(const Address& address) const noexcept;

 private:
  Address::Family family_ = Address::Family::None;
  std::array<std::uint8_t, 16> bytes_{};
  int bits_ = 0;
};

}  // namespace duplex
