#include "websocket/dialer.h"

#include <new>
#include <utility>

namespace duplex::websocket {
namespace {

constexpr std::size_t maxProxyAnswer = 16 * 1024;

/// What `make` says, or that there is no memory to say it: whoever dials has to be told something.
template <class Make>
Error errorOf(Make&& make) noexcept {
  try {
    return make();
  } catch (const std::bad_alloc&) {
    Error error;
    error.code = std::make_error_code(std::errc::not_enough_memory);
    // It fits into the string itself.
    error.message = "out of memory";
    return error;
  }
}

Error connectError(std::error_code error, const std::string& to) noexcept {
  return errorOf([&] { return error ? Error(error, "connecting to " + to) : Error(); });
}

}  // namespace

Dialer::Dialer(net::Loop& loop, const Url& url, const std::optional<Proxy>& proxy, Callback callback)
    : callback_(std::move(callback)) {
  const bool local = url.unixSocket.family() == Address::Family::Unix;
  if (proxy && !local) {
    auto connected = [this, by = *proxy, request = connectHead(*proxy, url)](std::error_code error,
                                                                             transport::Stream stream) {
      const Error failed = errorOf([&] {
        if (error) return Error(error, "connecting to the proxy " + by.name());
        askProxy(by, request, std::move(stream));
        return Error();
      });
      if (failed.code) finish(failed);
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
  bool complete = false;
  const Error error = errorOf([&] { return readAnswer(bytes, complete); });
  if (error.code) return finish(error);
  if (complete) finish(Error(), std::move(tunnel_->stream));
}

Error Dialer::readAnswer(Bytes bytes, bool& complete) {
  using Result = http::ResponseHeadParser::Result;
  std::size_t consumed = 0;
  const Result result = tunnel_->answer.feed(bytes, consumed);
  if (result == Result::NeedMore) return {};
  if (result == Result::Failed) return {tunnel_->answer.error(), "from the proxy " + tunnel_->name};
  if (Error refused = judge(); refused.code) return refused;
  // The server has not been asked anything, so these bytes are not its answer.
  if (consumed < bytes.size())
    return {Errc::BadResponse, "bytes behind the answer of the proxy " + tunnel_->name};
  complete = true;
  return {};
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
  finish(errorOf([this] {
    return Error(Errc::ConnectionLost, "the proxy " + tunnel_->name + " closed the connection");
  }));
}

void Dialer::onFailed(std::error_code error) {
  tunnel_->stream.forget();
  finish(errorOf([&] { return Error(error, "from the proxy " + tunnel_->name); }));
}

void Dialer::finish(const Error& error, transport::Stream stream) {
  // The callback may destroy the dialer, and itself with it.
  const Callback callback = std::move(callback_);
  if (error.code) tunnel_.reset();
  callback(error, std::move(stream));
}

}  // namespace duplex::websocket
