#include "transport/proxy_header.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>
#include <string_view>

namespace duplex::transport {
namespace {

using Result = ProxyHeader::Result;

constexpr std::string_view lineStart = "PROXY ";
constexpr std::string_view signature("\r\n\r\n\0\r\nQUIT\n", 12);
// The signature, version and command, family and transport, length.
constexpr std::size_t fixedSize = 16;
// A type and a length in front of each value (section 2.2).
constexpr std::size_t valueHeaderSize = 3;

unsigned at(const std::byte* bytes, std::size_t place) noexcept {
  return std::to_integer<unsigned>(bytes[place]);
}

unsigned number(const std::byte* bytes) noexcept {
  return at(bytes, 0) << 8 | at(bytes, 1);
}

std::size_t addressSize(Address::Family family) noexcept {
  return family == Address::Family::V4 ? 4 : 16;
}

/// Takes what stands before the next space, or all if there is none.
std::string_view takeWord(std::string_view& text) noexcept {
  const std::size_t end = std::min(text.find(' '), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return word;
}

std::optional<std::uint16_t> readPort(std::string_view text) noexcept {
  std::uint16_t port = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, port);
  if (error != std::errc() || stop != end || (text.size() > 1 && text[0] == '0')) return std::nullopt;
  return port;
}

Address readAddress(std::string_view text, std::string_view port, Address::Family family) {
  const auto number = readPort(port);
  if (!number || text.starts_with('[')) return {};
  const Address address = Address::parse(text, *number);
  return address.family() == family ? address : Address();
}

}  // namespace

Result ProxyHeader::feed(MutableBytes& input) {
  if (stage_ == Stage::Start) {
    const bool whole = collect(input, lineStart.size());
    if (start() == Result::Malformed) return Result::Malformed;
    if (!whole) return Result::NeedMore;
    stage_ = at(kept_.data(), 0) == 'P' ? Stage::Line : Stage::Fixed;
  }
  if (stage_ == Stage::Line) return feedLine(input);
  if (stage_ == Stage::Fixed) {
    const bool whole = collect(input, fixedSize);
    if (start() == Result::Malformed) return Result::Malformed;
    if (!whole) return Result::NeedMore;
    if (readFixed() == Result::Malformed) return Result::Malformed;
    size_ = 0;
    stage_ = Stage::Addresses;
  }
  if (stage_ == Stage::Addresses) {
    if (!collect(input, addresses_)) return Result::NeedMore;
    readAddresses();
    remaining_ -= addresses_;
    size_ = 0;
    stage_ = Stage::Type;
  }
  return skipValues(input);
}

/// Moves bytes to those that are kept until there are `size`.
bool ProxyHeader::collect(MutableBytes& input, std::size_t size) noexcept {
  const std::size_t taken = std::min(input.size(), size - size_);
  if (taken != 0) std::memcpy(kept_.data() + size_, input.data(), taken);
  size_ += taken;
  input = input.subspan(taken);
  return size_ == size;
}

/// Whether what has come is how one of the two versions begins.
Result ProxyHeader::start() noexcept {
  const std::string_view text = asText(Bytes(kept_).first(size_));
  const auto begins = [text](std::string_view whole) {
    return text.substr(0, whole.size()) == whole.substr(0, text.size());
  };
  return begins(lineStart) || begins(signature) ? Result::NeedMore : Result::Malformed;
}

// --- version 1: a line

Result ProxyHeader::feedLine(MutableBytes& input) {
  while (!input.empty() && size_ < maxLine) {
    const std::byte next = input[0];
    kept_[size_++] = next;
    input = input.subspan(1);
    if (next != std::byte{'\n'}) continue;
    return kept_[size_ - 2] == std::byte{'\r'} && readLine() ? Result::Complete : Result::Malformed;
  }
  return size_ == maxLine ? Result::Malformed : Result::NeedMore;
}

bool ProxyHeader::readLine() {
  std::string_view line = asText(Bytes(kept_).first(size_ - 2)).substr(lineStart.size());
  if (line.find('\r') != std::string_view::npos) return false;
  const std::string_view kind = takeWord(line);
  // Whatever else it says is to be ignored (section 2.1).
  if (kind == "UNKNOWN") return true;
  if (kind != "TCP4" && kind != "TCP6") return false;
  // Four words with one space between; an empty one is no address.
  if (std::count(line.begin(), line.end(), ' ') != 3) return false;
  const Address::Family family = kind == "TCP4" ? Address::Family::V4 : Address::Family::V6;
  const std::string_view source = takeWord(line);
  const std::string_view destination = takeWord(line);
  const std::string_view sourcePort = takeWord(line);
  source_ = readAddress(source, sourcePort, family);
  destination_ = readAddress(destination, line, family);
  return source_.family() == family && destination_.family() == family;
}

// --- version 2: binary

Result ProxyHeader::readFixed() noexcept {
  const std::byte* const fixed = kept_.data() + signature.size();
  const unsigned versionAndCommand = at(fixed, 0);
  const unsigned familyAndTransport = at(fixed, 1);
  remaining_ = number(fixed + 2);
  if (versionAndCommand == 0x20) {
    local_ = true;
  } else if (versionAndCommand != 0x21) {
    return Result::Malformed;
  }
  switch (familyAndTransport) {
    case 0x00:  // not specified: as LOCAL
      local_ = true;
      break;
    case 0x11:  // TCP over IPv4
      family_ = Address::Family::V4;
      addresses_ = 2 * 4 + 2 * 2;
      break;
    case 0x21:  // TCP over IPv6
      family_ = Address::Family::V6;
      addresses_ = 2 * 16 + 2 * 2;
      break;
    case 0x31: {  // a Unix stream: two paths, which are no addresses
      constexpr std::size_t paths = 2 * 108;
      if (!local_ && remaining_ < paths) return Result::Malformed;
      local_ = true;
      break;
    }
    default:
      // The receiver of LOCAL has to ignore the rest, whatever it is (section 2.2).
      if (!local_) return Result::Malformed;
  }
  if (local_) addresses_ = 0;
  return remaining_ < addresses_ ? Result::Malformed : Result::NeedMore;
}

void ProxyHeader::readAddresses() noexcept {
  if (local_) return;
  const std::size_t size = addressSize(family_);
  std::array<std::uint8_t, 16> bytes{};
  const std::byte* const ports = kept_.data() + 2 * size;
  std::memcpy(bytes.data(), kept_.data(), size);
  source_ = Address(family_, bytes, static_cast<std::uint16_t>(number(ports)));
  std::memcpy(bytes.data(), kept_.data() + size, size);
  destination_ = Address(family_, bytes, static_cast<std::uint16_t>(number(ports + 2)));
}

/// Passes over what follows the addresses. Types and lengths that do not fill it exactly are a mistake;
/// in a header that is to be ignored nobody looks.
Result ProxyHeader::skipValues(MutableBytes& input) noexcept {
  while (remaining_ != 0) {
    if (local_ || stage_ == Stage::Value) {
      const std::size_t part = local_ ? remaining_ : value_;
      const std::size_t taken = std::min(input.size(), part);
      input = input.subspan(taken);
      remaining_ -= taken;
      if (!local_) value_ -= taken;
      if (taken != part) return Result::NeedMore;
      stage_ = Stage::Type;
    } else {
      if (remaining_ + size_ < valueHeaderSize) return Result::Malformed;
      const std::size_t before = size_;
      const bool whole = collect(input, valueHeaderSize);
      remaining_ -= size_ - before;
      if (!whole) return Result::NeedMore;
      value_ = number(kept_.data() + 1);
      size_ = 0;
      if (value_ > remaining_) return Result::Malformed;
      stage_ = Stage::Value;
    }
  }
  // A value of no bytes may stand at the end; the head of one may not.
  return size_ == 0 ? Result::Complete : Result::Malformed;
}

}  // namespace duplex::transport
