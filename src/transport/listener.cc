#include "transport/listener.h"

#include <utility>

namespace duplex::transport {

Listener::Listener(net::Loop& loop, const Address& address, Function<void(net::Accepted)> accept,
                   unsigned permissions)
    : loop_(loop), accept_(std::move(accept)), listening_(loop.listen(address, *this)) {
  try {
    if (listening_.file) listening_.file.setPermissions(permissions);
  } catch (...) {
    stop();
    throw;
  }
}

Listener::~Listener() {
  stop();
}

void Listener::stop() noexcept {
  if (listening_.file) listening_.file.remove();
  loop_.stopListening(listening_);
}

}  // namespace duplex::transport
