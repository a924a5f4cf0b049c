#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <duplex/address.h>

#include "base/bytes.h"

namespace duplex::transport {

/// Reads the header by which a proxy says, before the first byte of a connection, whose connection it
/// passes on: the PROXY protocol, versions 1 and 2, as HAProxy's specification has it. Without any I/O,
/// incremental, and strict; it keeps no more than 108 bytes, however much a header announces.
class ProxyHeader {
 public:
  enum class Result : std::uint8_t { NeedMore, Complete, Malformed };

  /// Takes the header's bytes off the front of `input`, and none that follow it. Not to be called again
  /// after Complete or Malformed.
  Result feed(MutableBytes& input);

  /// Once it is complete: who connected to the proxy, and to what address. None where the proxy speaks for
  /// itself (LOCAL) or cannot tell (UNKNOWN, a Unix socket): then the connection is the proxy's.
  const Address& source() const noexcept { return source_; }
  const Address& destination() const noexcept { return destination_; }

  /// Of version 1, with its CRLF.
  static constexpr std::size_t maxLine = 107;

 private:
  enum class Stage : std::uint8_t { Start, Line, Fixed, Addresses, Type, Value };

  bool collect(MutableBytes& input, std::size_t size) noexcept;
  Result start() noexcept;
  Result feedLine(MutableBytes& input);
  bool readLine();
  Result readFixed() noexcept;
  void readAddresses() noexcept;
  Result skipValues(MutableBytes& input) noexcept;

  // What of the part that is being read has come.
  std::array<std::byte, maxLine> kept_{};
  std::size_t size_ = 0;
  // Of version 2: what the header still has, of the addresses, and of the value that is being skipped.
  std::size_t remaining_ = 0;
  std::size_t addresses_ = 0;
  std::size_t value_ = 0;
  bool local_ = false;
  Address::Family family_ = Address::Family::None;
  Stage stage_ = Stage::Start;
  Address source_;
  Address destination_;
};

}  // namespace duplex::transport
