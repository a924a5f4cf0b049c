#pragma once

#include <cstdint>
#include <string>
#include <system_error>

#include <duplex/address.h>
#include <duplex/function.h>

#include "net/loop.h"
#include "transport/happy_eyeballs.h"
#include "transport/stream.h"

namespace duplex::transport {

/// One attempt to reach a host: looks its name up and connects to that of its addresses which answers
/// first. Destroying it gives the attempt up. It sets no limit of time.
class Connector {
 public:
  /// Either a stream, whose handler is to be set before the callback returns, or an error:
  /// Errc::NameNotFound, or that of the last address tried. The callback may destroy the connector.
  using Callback = HappyEyeballs::Callback;

  Connector(net::Loop& loop, const std::string& host, std::uint16_t port, Callback callback);
  /// To one address, without a look-up.
  Connector(net::Loop& loop, const Address& address, Callback callback);
  Connector(const Connector&) = delete;
  Connector& operator=(const Connector&) = delete;
  ~Connector();

 private:
  net::Loop& loop_;
  std::uint64_t query_ = 0;
  HappyEyeballs race_;
};

}  // namespace duplex::transport
