#pragma once

#include <chrono>
#include <system_error>

#include <duplex/error.h>

#include "base/bytes.h"
#include "net/alarm.h"
#include "net/loop.h"
#include "net/socket.h"
#include "transport/proxy_header.h"

namespace duplex::transport {

/// A connection that a proxy passes on, from its beginning until its PROXY header has been read. Owns itself:
/// it is deleted when its owner has been told of the outcome. For the loop's thread.
class ProxyGate final : private net::SocketHandler {
 public:
  /// Each is called at most once, and one of them once but after `abort`.
  class Owner {
   public:
    /// The socket's remote address is the client's now, unless the proxy speaks for itself. The owner sets
    /// its handler, and gives that one `rest`, what came behind the header, which is gone when this returns.
    virtual void passed(ProxyGate& gate, net::Socket& socket, MutableBytes rest) = 0;
    /// It has been closed: Errc::ProxyHeaderInvalid, RequestTimeout, or Errc{} where it ended by itself.
    virtual void failed(ProxyGate& gate, Errc error) = 0;

   protected:
    ~Owner() = default;
  };

  /// Made with `new`; takes the socket over. The header has to be there in `timeout`.
  ProxyGate(net::Loop& loop, net::Socket& socket, Milliseconds timeout, Owner& owner);

  /// The proxy.
  const Address& peer() const noexcept { return peer_; }
  /// Cuts it off; its owner is told `failed`, and the gate is gone when this returns.
  void abort() { end(Errc{}, true); }

 private:
  ~ProxyGate() = default;

  void onData(MutableBytes bytes) override;
  void onEnd() override { end(Errc{}); }
  void onFailed(std::error_code error) override;
  void onTimeout() { end(Errc::RequestTimeout); }
  void end(Errc error, bool reset = false);

  Owner& owner_;
  net::Socket* socket_;
  const Address peer_;
  ProxyHeader header_;
  net::Alarm<ProxyGate> timeout_{*this, &ProxyGate::onTimeout};
};

}  // namespace duplex::transport
