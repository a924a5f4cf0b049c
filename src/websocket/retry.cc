#include "websocket/retry.h"

#include <algorithm>
#include <cstdint>
#include <span>

#include "base/random.h"

namespace duplex::websocket {
namespace {

/// Of the server or of the proxy: it is overloaded, or something behind it is down.
bool mayPass(int status) noexcept {
  switch (status) {
    case 408:
    case 425:
    case 429:
    case 500:
    case 502:
    case 503:
    case 504:
      return true;
    default:
      return false;
  }
}

}  // namespace

bool mayPass(const Error& error) noexcept {
  if (error.exception != nullptr) return false;
  if (error.code.category() != errorCategory()) return true;
  switch (static_cast<Errc>(error.code.value())) {
    case Errc::ConnectFailed:
    case Errc::ConnectTimeout:
    case Errc::NameNotFound:
    case Errc::HandshakeTimeout:
    case Errc::IdleTimeout:
    case Errc::ConnectionLost:
      return true;
    case Errc::HandshakeRefused:
    case Errc::ProxyRefused:
      return mayPass(error.status);
    default:
      return false;
  }
}

Milliseconds drawDelay(const Reconnect& options, unsigned tries) {
  Milliseconds most = std::clamp(options.delay, Milliseconds(0), options.maxDelay);
  for (unsigned i = 1; i < tries && most.count() > 0 && most < options.maxDelay; ++i) {
    most = most > options.maxDelay / 2 ? options.maxDelay : most * 2;
  }
  std::uint64_t drawn = 0;
  randomBytes(std::as_writable_bytes(std::span(&drawn, 1)));
  return Milliseconds(static_cast<std::int64_t>(drawn % (static_cast<std::uint64_t>(most.count()) + 1)));
}

}  // namespace duplex::websocket
