#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <duplex/address.h>
#include <duplex/function.h>
#include <duplex/websocket.h>

#include "base/ref.h"
#include "net/loop.h"
#include "protocol/handshake.h"
#include "transport/stream.h"
#include "transport/tls_client.h"
#include "websocket/url.h"

namespace duplex::bench {

/// One of the URLs, with the handshakes for it prepared: a few keys, which the connections share.
class Target {
 public:
  /// Throws SyntaxError for what is no ws: or wss: URL, and for options that `websocket::checkOptions`
  /// refuses; TlsError for certificates that cannot be used.
  Target(const std::string& url, const ClientOptions& options);

  /// Looks its addresses up; none: the name is not known.
  void resolve(net::Loop& loop, Function<void()> done);

  struct Handshake {
    protocol::ClientHandshake ours;
    std::string request;
  };
  const Handshake& handshake(std::size_t connection) const noexcept {
    return handshakes_[connection % handshakes_.size()];
  }
  const std::vector<Address>& addresses() const noexcept { return addresses_; }
  /// The first address that may be worth a try: those before it have refused.
  std::size_t firstAddress() const noexcept { return firstAddress_; }
  void skipAddress(std::size_t refused) noexcept;
  const std::string& url() const noexcept { return url_.href; }
  /// Begins TLS on `stream`, which tells its handler again when it is connected; false if there is none to
  /// begin.
  bool startTls(transport::Stream& stream) const;

 private:
  websocket::Url url_;
  Ref<transport::TlsClientContext> tls_;
  std::vector<Handshake> handshakes_;
  std::vector<Address> addresses_;
  std::size_t firstAddress_ = 0;
};

}  // namespace duplex::bench
