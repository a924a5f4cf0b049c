#include "transport/connector.h"

#include <utility>

#include <duplex/error.h>

#include "transport/resolver.h"

namespace duplex::transport {

Connector::Connector(net::Loop& loop, const std::string& host, std::uint16_t port, Callback callback)
    : loop_(loop), callback_(std::move(callback)) {
  query_ = loop_.local<Resolver>().resolve(host, port, [this](std::vector<Address> addresses) {
    query_ = 0;
    addresses_ = std::move(addresses);
    tryNext(Errc::NameNotFound);
  });
}

Connector::Connector(net::Loop& loop, const Address& address, Callback callback)
    : loop_(loop), callback_(std::move(callback)), addresses_{address} {
  tryNext(Errc::ConnectFailed);
}

Connector::~Connector() {
  if (query_ != 0) loop_.local<Resolver>().cancel(query_);
}

void Connector::tryNext(std::error_code lastError) {
  if (next_ == addresses_.size()) {
    finish(lastError, Stream());
    return;
  }
  stream_ = Stream(loop_.connect(addresses_[next_++], *this));
}

void Connector::onConnected() {
  finish({}, std::move(stream_));
}

void Connector::onFailed(std::error_code error) {
  stream_.forget();
  tryNext(error);
}

void Connector::finish(std::error_code error, Stream stream) {
  // The callback may destroy the connector, and itself with it.
  const Callback callback = std::move(callback_);
  callback(error, std::move(stream));
}

}  // namespace duplex::transport
