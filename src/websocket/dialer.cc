#include "websocket/dialer.h"

#include <utility>

namespace duplex::websocket {
namespace {

constexpr std::size_t maxProxyAnswer = 16 * 1024;

Error connectError(std::error_code error, const std::string& to) {
  return error ? Error(error, "connecting to " + to) : Error();
}

}  // namespace

Dialer::Dialer(net::Loop& loop, const Url& url, const std::optional<Proxy>& proxy, Callback callback)
    : callback_(std::move(callback)) {
  const bool local = url.unixSocket.family() == Address::Family::Unix;
  if (proxy && !local) {
    auto connected = [this, by = *proxy, request = connectHead(*proxy, url)](std::error_code error,
                                                                             transport::Stream stream) {
      if (error) return finish(connectError(error, "the proxy " + by.name()));
      askProxy(by, request, std::move(stream));
    };
    connector_ = std::make_unique<transport::Connector>(loop, proxy->host, proxy->port, std::move(connected));
    return;
  }
  auto connected = [this, name = local ? url.unixSocket.string() : url.authority](std::error_code error,
                                                                                  transport::Stream stream) {
    finish(connectError(error, name), std::move(stream));
  };
  connector_ = local ? std::make_unique<transport::Connector>(loop, url.unixSocket, std::move(connected))
                     : std::make_unique<transport::Connector>(loop, url.host, url.port, std::move(connected));
}

void Dialer::askProxy(const Proxy& proxy, const std::string& request, transport::Stream stream) {
  tunnel_.reset(new Tunnel{proxy.name(), !proxy.credentials.empty(), std::move(stream),
                           http::ResponseHeadParser(maxProxyAnswer)});
  tunnel_->stream.setHandler(*this);
  tunnel_->stream.output().append(request);
}

void Dialer::onData(MutableBytes bytes) {
  using Result = http::ResponseHeadParser::Result;
  std::size_t consumed = 0;
  const Result result = tunnel_->answer.feed(bytes, consumed);
  if (result == Result::NeedMore) return;
  if (result == Result::Failed)
    return finish(Error(tunnel_->answer.error(), "from the proxy " + tunnel_->name));
  if (const Error refused = judge(); refused.code) return finish(refused);
  // The server has not been asked anything, so these bytes are not its answer.
  if (consumed < bytes.size())
    return finish(Error(Errc::BadResponse, "bytes behind the answer of the proxy " + tunnel_->name));
  finish(Error(), std::move(tunnel_->stream));
}

// Whatever the headers say, an answer of 2xx has no body (RFC 9110 §9.3.6).
Error Dialer::judge() const {
  const int status = tunnel_->answer.status();
  if (status / 100 == 2) return {};
  std::string detail = "the proxy " + tunnel_->name + " answered " + std::to_string(status);
  if (status == 407)
    detail += tunnel_->credentials ? ": it refuses the credentials" : ": it wants credentials";
  Error refused(Errc::ProxyRefused, std::move(detail));
  refused.status = status;
  return refused;
}

void Dialer::onEnd() {
  finish(Error(Errc::ConnectionLost, "the proxy " + tunnel_->name + " closed the connection"));
}

void Dialer::onFailed(std::error_code error) {
  tunnel_->stream.forget();
  finish(Error(error, "from the proxy " + tunnel_->name));
}

void Dialer::finish(const Error& error, transport::Stream stream) {
  // The callback may destroy the dialer, and itself with it.
  const Callback callback = std::move(callback_);
  if (error.code) tunnel_.reset();
  callback(error, std::move(stream));
}

}  // namespace duplex::websocket
