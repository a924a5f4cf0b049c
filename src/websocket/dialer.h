#pragma once

#include <memory>
#include <optional>
#include <string>
#include <system_error>

#include <duplex/error.h>
#include <duplex/function.h>

#include "http/response_parser.h"
#include "net/loop.h"
#include "net/socket.h"
#include "transport/connector.h"
#include "transport/stream.h"
#include "websocket/proxy.h"
#include "websocket/url.h"

namespace duplex::websocket {

/// Makes the byte stream to the server of a URL: directly, over a Unix socket, or through a tunnel that an
/// HTTP proxy makes. Destroying it gives up. It sets no limit of time.
class Dialer final : net::SocketHandler {
 public:
  /// Either a stream on which the server has not been spoken to, whose handler is to be set before the
  /// callback returns, or an error. It may destroy the dialer.
  using Callback = Function<void(const Error& error, transport::Stream stream)>;

  /// Through `proxy` if it is given, unless `url` is that of a Unix socket.
  Dialer(net::Loop& loop, const Url& url, const std::optional<Proxy>& proxy, Callback callback);
  Dialer(const Dialer&) = delete;
  Dialer& operator=(const Dialer&) = delete;

 private:
  /// A proxy that has been asked for a tunnel.
  struct Tunnel {
    std::string name;
    bool credentials;
    transport::Stream stream;
    http::ResponseHeadParser answer;
  };

  void askProxy(const Proxy& proxy, const std::string& request, transport::Stream stream);
  void onData(MutableBytes bytes) override;
  void onEnd() override;
  void onFailed(std::error_code error) override;
  /// What is wrong with it; nothing if it is right, or not `complete`.
  Error readAnswer(Bytes bytes, bool& complete);
  Error judge() const;
  void finish(const Error& error, transport::Stream stream = {});

  Callback callback_;
  std::unique_ptr<transport::Connector> connector_;
  std::unique_ptr<Tunnel> tunnel_;
};

}  // namespace duplex::websocket
