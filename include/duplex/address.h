#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <duplex/export.h>

namespace duplex {

/// The address of one end of a connection: an IPv4 or IPv6 address and a port, or the path of a Unix
/// socket. A value of 20 bytes; copies of one share its path.
class DUPLEX_API Address {
 public:
  enum class Family : std::uint8_t { None, V4, V6, Unix };

  /// The longest path that a Unix socket may have, in bytes (unix(7)).
  static constexpr std::size_t maxPath = 107;

  /// No address: `family()` is None, `string()` is empty.
  Address() noexcept = default;
  /// `bytes` in network order; of a V4 address the first four count. Not for Unix, which gives no address.
  Address(Family family, const std::array<std::uint8_t, 16>& bytes, std::uint16_t port) noexcept
      : bytes_(bytes), port_(port), family_(family == Family::Unix ? Family::None : family) {}
  Address(const Address& other) noexcept : bytes_(other.bytes_), port_(other.port_), family_(other.family_) {
    if (family_ == Family::Unix) retainPath();
  }
  Address& operator=(const Address& other) noexcept {
    if (other.family_ == Family::Unix) other.retainPath();
    if (family_ == Family::Unix) releasePath();
    bytes_ = other.bytes_;
    port_ = other.port_;
    family_ = other.family_;
    return *this;
  }
  ~Address() {
    if (family_ == Family::Unix) releasePath();
  }

  /// Reads a literal ("127.0.0.1", "::1", "[::1]"). What is not one gives an address whose
  /// `family()` is None.
  static Address parse(std::string_view ip, std::uint16_t port);
  /// A Unix socket. Empty: one without a name, as most that connect to a server are. A path over
  /// `maxPath` or with a NUL gives an address whose `family()` is None.
  static Address unixSocket(std::string_view path);

  Family family() const noexcept { return family_; }
  /// 0 of a Unix socket.
  std::uint16_t port() const noexcept { return port_; }
  /// Of an IP address; those of a Unix socket mean nothing.
  const std::array<std::uint8_t, 16>& bytes() const noexcept { return bytes_; }
  /// Of a Unix socket, else empty. Lives as long as an address that has it.
  std::string_view path() const noexcept;
  /// The address alone: "127.0.0.1", "::1". An IPv4 address mapped into IPv6 reads as IPv4; a Unix socket
  /// has none.
  std::string ip() const;
  /// As it stands in a URL: "127.0.0.1:5000", "[::1]:5000"; "unix:/run/app.sock".
  std::string string() const;
  /// 127.0.0.0/8, ::1, or a Unix socket: the other end is on this machine.
  bool isLoopback() const noexcept;

  friend bool operator==(const Address& a, const Address& b) noexcept {
    if (a.family_ != b.family_ || a.port_ != b.port_) return false;
    return a.bytes_ == b.bytes_ || (a.family_ == Family::Unix && a.path() == b.path());
  }

 private:
  class Path;

  Path* sharedPath() const noexcept;
  void retainPath() const noexcept;
  void releasePath() const noexcept;

  // Of a Unix socket, the first bytes are a pointer to its path; null without one.
  std::array<std::uint8_t, 16> bytes_{};
  std::uint16_t port_ = 0;
  Family family_ = Family::None;
};

}  // namespace duplex
