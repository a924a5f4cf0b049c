#include "base/address_range.h"

#include <algorithm>
#include <charconv>

namespace duplex {
namespace {

constexpr int mappedBits = 96;
constexpr std::array<std::uint8_t, 12> mappedPrefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

/// An IPv4 address mapped into IPv6 as the IPv4 address that it is; others as they are.
Address unmapped(const Address& address) noexcept {
  if (address.family() != Address::Family::V6) return address;
  const auto& bytes = address.bytes();
  if (!std::equal(mappedPrefix.begin(), mappedPrefix.end(), bytes.begin())) return address;
  std::array<std::uint8_t, 16> v4{};
  std::copy(bytes.begin() + mappedPrefix.size(), bytes.end(), v4.begin());
  return {Address::Family::V4, v4, address.port()};
}

int bitsOf(Address::Family family) noexcept {
  return family == Address::Family::V4 ? 32 : 128;
}

}  // namespace

std::optional<AddressRange> AddressRange::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const Address address = Address::parse(text.substr(0, slash), 0);
  if (address.family() == Address::Family::None || text.starts_with('[')) return std::nullopt;
  int bits = bitsOf(address.family());
  if (slash != std::string_view::npos) {
    const std::string_view length = text.substr(slash + 1);
    const char* const end = length.data() + length.size();
    int read = 0;
    const auto [stop, error] = std::from_chars(length.data(), end, read);
    if (error != std::errc() || stop != end || read < 0 || read > bits) return std::nullopt;
    bits = read;
  }
  AddressRange range;
  const Address plain = bits >= mappedBits ? unmapped(address) : address;
  if (plain.family() != address.family()) bits -= mappedBits;
  range.family_ = plain.family();
  range.bytes_ = plain.bytes();
  range.bits_ = bits;
  return range;
}

bool AddressRange::contains(const Address& address) const noexcept {
  const Address plain = unmapped(address);
  if (plain.family() != family_) return false;
  const auto whole = static_cast<std::size_t>(bits_ / 8);
  if (!std::equal(bytes_.begin(), bytes_.begin() + whole, plain.bytes().begin())) return false;
  const int rest = bits_ % 8;
  return rest == 0 || (bytes_[whole] ^ plain.bytes()[whole]) >> (8 - rest) == 0;
}

}  // namespace duplex
