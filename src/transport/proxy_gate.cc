#include "transport/proxy_gate.h"

#include <utility>

namespace duplex::transport {

ProxyGate::ProxyGate(net::Loop& loop, net::Socket& socket, Milliseconds timeout, Owner& owner)
    : owner_(owner), socket_(&socket), peer_(socket.remoteAddress()) {
  socket.setHandler(*this);
  loop.schedule(timeout_, timeout);
}

void ProxyGate::onData(MutableBytes bytes) {
  switch (header_.feed(bytes)) {
    case ProxyHeader::Result::NeedMore:
      return;
    case ProxyHeader::Result::Malformed:
      return end(Errc::ProxyHeaderInvalid);
    case ProxyHeader::Result::Complete:
      break;
  }
  timeout_.cancel();
  const Address& source = header_.source();
  if (source.family() != Address::Family::None) socket_->setRemoteAddress(source);
  owner_.passed(*this, *std::exchange(socket_, nullptr), bytes);
  delete this;
}

void ProxyGate::onFailed(std::error_code) {
  socket_ = nullptr;
  end(Errc{});
}

void ProxyGate::end(Errc error, bool reset) {
  if (socket_ != nullptr) std::exchange(socket_, nullptr)->close(reset);
  timeout_.cancel();
  owner_.failed(*this, error);
  delete this;
}

}  // namespace duplex::transport
