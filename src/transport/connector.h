#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <system_error>
#include <vector>

#include <duplex/address.h>
#include <duplex/function.h>

#include "net/loop.h"
#include "transport/stream.h"

namespace duplex::transport {

/// One attempt to reach a host: looks its name up and tries its addresses in turn. Destroying it
/// gives the attempt up.
class Connector final : net::SocketHandler {
 public:
  /// Either a stream, whose handler is to be set before the callback returns, or an error:
  /// Errc::NameNotFound, or that of the last address tried. The callback may destroy the connector.
  using Callback = Function<void(std::error_code error, Stream stream)>;

  Connector(net::Loop& loop, const std::string& host, std::uint16_t port, Callback callback);
  /// To one address, without a look-up.
  Connector(net::Loop& loop, const Address& address, Callback callback);
  Connector(const Connector&) = delete;
  Connector& operator=(const Connector&) = delete;
  ~Connector();

 private:
  void tryNext(std::error_code lastError);
  void finish(std::error_code error, Stream stream);
  void onConnected() override;
  void onData(MutableBytes) override {}
  void onEnd() override {}
  void onFailed(std::error_code error) override;

  net::Loop& loop_;
  Callback callback_;
  std::uint64_t query_ = 0;
  std::vector<Address> addresses_;
  std::size_t next_ = 0;
  Stream stream_;
};

}  // namespace duplex::transport
