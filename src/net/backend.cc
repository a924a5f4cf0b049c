#include "net/backend.h"

#include <stdexcept>
#include <string>

#include "net/epoll_backend.h"

namespace duplex::net {

void checkBackend(std::string_view name) {
  if (name == "auto" || name == "epoll") return;
  throw std::invalid_argument("no back end is named '" + std::string(name) + "'");
}

std::unique_ptr<Backend> makeBackend(std::string_view name, Loop& loop) {
  checkBackend(name);
  return std::make_unique<EpollBackend>(loop);
}

}  // namespace duplex::net
