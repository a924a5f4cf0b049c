#include "bench/target.h"

#include <utility>

#include "transport/resolver.h"
#include "websocket/client_handshake.h"

namespace duplex::bench {
namespace {

constexpr std::size_t keys = 64;

}  // namespace

Target::Target(const std::string& url, const ClientOptions& options) : url_(websocket::parseUrl(url)) {
  websocket::checkOptions(options);
  if (url_.secure) {
    tls_ = Ref<transport::TlsClientContext>::adopt(new transport::TlsClientContext(options.tls));
  }
  for (std::size_t i = 0; i < keys; ++i) {
    protocol::ClientHandshake ours = websocket::makeHandshake(url_, options);
    std::string request = protocol::requestHead(ours);
    handshakes_.push_back({std::move(ours), std::move(request)});
  }
}

void Target::resolve(net::Loop& loop, Function<void()> done) {
  if (url_.unixSocket.family() == Address::Family::Unix) {
    addresses_ = {url_.unixSocket};
    loop.defer(std::move(done));
    return;
  }
  loop.local<transport::Resolver>().resolve(
      url_.host, url_.port, [this, done = std::move(done)](std::vector<Address> addresses, bool last) {
        addresses_.insert(addresses_.end(), addresses.begin(), addresses.end());
        if (last) done();
      });
}

bool Target::startTls(transport::Stream& stream) const {
  if (!tls_ || stream.secure()) return false;
  stream.startTls(*tls_, url_.host, url_.port);
  return true;
}

// The last one stays, to be refused by it.
void Target::skipAddress(std::size_t refused) noexcept {
  if (refused == firstAddress_ && refused + 1 < addresses_.size()) ++firstAddress_;
}

}  // namespace duplex::bench
