#include "transport/connector.h"

#include <utility>
#include <vector>

#include "transport/resolver.h"

namespace duplex::transport {

Connector::Connector(net::Loop& loop, const std::string& host, std::uint16_t port, Callback callback)
    : loop_(loop), race_(loop, std::move(callback)) {
  query_ = loop_.local<Resolver>().resolve(host, port, [this](std::vector<Address> addresses, bool last) {
    if (last) query_ = 0;
    race_.add(std::move(addresses), last);
  });
}

Connector::Connector(net::Loop& loop, const Address& address, Callback callback)
    : loop_(loop), race_(loop, std::move(callback)) {
  race_.add({address}, true);
}

Connector::~Connector() {
  if (query_ != 0) loop_.local<Resolver>().cancel(query_);
}

}  // namespace duplex::transport
