#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <system_error>

#include <duplex/error.h>
#include <duplex/function.h>
#include <duplex/websocket.h>

#include "base/bytes.h"
#include "base/ref.h"
#include "http/response_parser.h"
#include "net/loop.h"
#include "protocol/handshake.h"
#include "transport/connector.h"
#include "transport/stream.h"
#include "transport/tls_client.h"
#include "websocket/url.h"

namespace duplex::websocket {

/// A client's way from a URL to an open connection: connect, ask, judge the answer. Destroying it
/// gives up.
class ClientHandshake {
 public:
  using Connected = Function<void(std::error_code error, transport::Stream stream)>;

  /// `connected` is told the outcome of connecting; `startTls` is to be called then, and `request` to be
  /// sent. It may destroy this.
  ClientHandshake(net::Loop& loop, const Url& url, const ClientOptions& options,
                  Ref<transport::TlsClientContext> tls, Connected connected);

  /// Begins TLS on `stream`, which tells its handler when it is ready; false for ws:. Throws TlsError.
  bool startTls(transport::Stream& stream) const;

  /// What to send first.
  std::string request() const { return protocol::requestHead(ours_); }

  struct Answer {
    /// More is to come.
    bool complete = false;
    /// Set: the server refused, or answered what it may not.
    Error error;
    bool refused = false;
    std::string protocol;
    std::optional<protocol::DeflateAgreement> deflate;
    /// Bytes of the input that belong to the answer; frames may follow them.
    std::size_t consumed = 0;
  };
  Answer feed(Bytes bytes);

 private:
  Answer judge() const;

  const Ref<transport::TlsClientContext> tls_;
  const std::string host_;
  const std::uint16_t port_;
  protocol::ClientHandshake ours_;
  http::ResponseHeadParser parser_;
  std::unique_ptr<transport::Connector> connector_;
};

/// What a client asks for at `url`, with a fresh key. `options` have been checked.
protocol::ClientHandshake makeHandshake(const Url& url, const ClientOptions& options);

/// Throws SyntaxError if a browser would refuse `options`: subprotocols that are no tokens or occur
/// twice (WHATWG WebSockets §3.1), headers that are none or belong to the handshake; std::invalid_argument
/// for windows of compression that do not exist.
void checkOptions(const ClientOptions& options);

}  // namespace duplex::websocket
