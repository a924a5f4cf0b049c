#include <duplex/proxy.h>

#include <cstdlib>

#include "websocket/proxy.h"
#include "websocket/url.h"

namespace duplex {

std::string proxyFromEnvironment(std::string_view url) {
  return websocket::chooseProxy(websocket::parseUrl(url), [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value == nullptr ? "" : value);
  });
}

}  // namespace duplex
