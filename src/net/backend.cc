#include "net/backend.h"

#include <stdexcept>
#include <string>

#include "net/epoll_backend.h"

namespace duplex::net {

std::unique_ptr<Backend> makeBackend(std::string_view name, Loop& loop) {
  if (name == "auto" || name == "epoll") return std::make_unique<EpollBackend>(loop);
  throw std::invalid_argument("duplex: no back end is named " + std::string(name));
}

}  // namespace duplex::net
