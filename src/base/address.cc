#include <duplex/address.h>

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

#include "base/ref.h"

namespace duplex {
namespace {

// ::ffff:0:0/96 (RFC 4291 §2.5.5.2).
constexpr std::array<std::uint8_t, 12> mappedPrefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

bool isMapped(const std::array<std::uint8_t, 16>& bytes) noexcept {
  return std::equal(mappedPrefix.begin(), mappedPrefix.end(), bytes.begin());
}

std::string text(int family, const std::uint8_t* bytes) {
  char buffer[INET6_ADDRSTRLEN];
  return ::inet_ntop(family, bytes, buffer, sizeof buffer);
}

}  // namespace

class Address::Path final : public RefCounted<Path> {
 public:
  explicit Path(std::string_view path) : text(path) {}

  const std::string text;
};

Address Address::unixSocket(std::string_view path) {
  if (path.size() > maxPath || path.find('\0') != std::string_view::npos) return {};
  Address address;
  address.family_ = Family::Unix;
  if (path.empty()) return address;
  const Path* shared = new Path(path);
  std::memcpy(address.bytes_.data(), &shared, sizeof shared);
  return address;
}

Address::Path* Address::sharedPath() const noexcept {
  Path* shared = nullptr;
  std::memcpy(&shared, bytes_.data(), sizeof shared);
  return shared;
}

void Address::retainPath() const noexcept {
  if (const Path* shared = sharedPath()) shared->retain();
}

void Address::releasePath() const noexcept {
  if (const Path* shared = sharedPath()) shared->release();
}

std::string_view Address::path() const noexcept {
  const Path* shared = family_ == Family::Unix ? sharedPath() : nullptr;
  return shared == nullptr ? std::string_view() : std::string_view(shared->text);
}

Address Address::parse(std::string_view ip, std::uint16_t port) {
  const bool bracketed = ip.size() > 2 && ip.front() == '[' && ip.back() == ']';
  const std::string literal(bracketed ? ip.substr(1, ip.size() - 2) : ip);
  // inet_pton would read no further than a NUL.
  if (literal.find('\0') != std::string::npos) return {};
  std::array<std::uint8_t, 16> bytes{};
  if (!bracketed && ::inet_pton(AF_INET, literal.c_str(), bytes.data()) == 1)
    return {Family::V4, bytes, port};
  if (::inet_pton(AF_INET6, literal.c_str(), bytes.data()) == 1) return {Family::V6, bytes, port};
  return {};
}

std::string Address::ip() const {
  switch (family_) {
    case Family::None:
    case Family::Unix:
      return {};
    case Family::V4:
      return text(AF_INET, bytes_.data());
    case Family::V6:
      break;
  }
  return isMapped(bytes_) ? text(AF_INET, &bytes_[mappedPrefix.size()]) : text(AF_INET6, bytes_.data());
}

std::string Address::string() const {
  if (family_ == Family::None) return {};
  if (family_ == Family::Unix) return "unix:" + std::string(path());
  const bool bracketed = family_ == Family::V6 && !isMapped(bytes_);
  return (bracketed ? '[' + ip() + ']' : ip()) + ':' + std::to_string(port_);
}

bool Address::isLoopback() const noexcept {
  if (family_ == Family::Unix) return true;
  if (family_ == Family::V4) return bytes_[0] == 127;
  if (family_ != Family::V6) return false;
  if (isMapped(bytes_)) return bytes_[mappedPrefix.size()] == 127;
  return bytes_ == std::array<std::uint8_t, 16>{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
}

}  // namespace duplex
