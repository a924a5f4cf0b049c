#include "net/backend.h"

#include <stdexcept>
#include <string>

#include "net/epoll_backend.h"
#include "net/uring_backend.h"

namespace duplex::net {

void checkBackend(std::string_view name) {
  if (name == "auto" || name == "epoll" || name == "uring") return;
  throw std::invalid_argument("no back end is named '" + std::string(name) + "'");
}

std::error_code whyNoUring() noexcept {
  static const std::error_code why = probeUring();
  return why;
}

std::unique_ptr<Backend> makeBackend(std::string_view name, Loop& loop) {
  checkBackend(name);
  if (name == "epoll") return std::make_unique<EpollBackend>(loop);
  if (const auto why = whyNoUring()) {
    if (name == "auto") return std::make_unique<EpollBackend>(loop);
    throw std::system_error(why, "io_uring cannot be used here");
  }
  return std::make_unique<UringBackend>(loop);
}

}  // namespace duplex::net
