#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include <duplex/export.h>

namespace duplex {

/// The address of one end of a connection: an IPv4 or IPv6 address and a port. A plain value of
/// 20 bytes.
class DUPLEX_API Address {
 public:
  enum class Family : std::uint8_t { None, V4, V6 };

  /// No address: `family()` is None, `string()` is empty.
  Address() noexcept = default;
  /// `bytes` in network order; of a V4 address the first four count.
  Address(Family family, const std::array<std::uint8_t, 16>& bytes, std::uint16_t port) noexcept
      : bytes_(bytes), port_(port), family_(family) {}

  /// Reads a literal ("127.0.0.1", "::1", "[::1]"). What is not one gives an address whose
  /// `family()` is None.
  static Address parse(std::string_view ip, std::uint16_t port);

  Family family() const noexcept { return family_; }
  std::uint16_t port() const noexcept { return port_; }
  const std::array<std::uint8_t, 16>& bytes() const noexcept { return bytes_; }
  /// The address alone: "127.0.0.1", "::1". An IPv4 address mapped into IPv6 reads as IPv4.
  std::string ip() const;
  /// As it stands in a URL: "127.0.0.1:5000", "[::1]:5000".
  std::string string() const;
  /// 127.0.0.0/8 or ::1.
  bool isLoopback() const noexcept;

  friend bool operator==(const Address&, const Address&) = default;

 private:
  std::array<std::uint8_t, 16> bytes_{};
  std::uint16_t port_ = 0;
  Family family_ = Family::None;
};

}  // namespace duplex
