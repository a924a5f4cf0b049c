#include "net/spare_descriptor.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace duplex::net {
namespace {

int openSpare() noexcept {
  return ::open("/dev/null", O_RDONLY | O_CLOEXEC);
}

}  // namespace

SpareDescriptor::SpareDescriptor() noexcept : descriptor_(openSpare()) {}

SpareDescriptor::~SpareDescriptor() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

bool SpareDescriptor::dropConnection(int listener) noexcept {
  if (descriptor_ >= 0) ::close(descriptor_);
  const int connection = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  const int error = errno;
  if (connection >= 0) ::close(connection);
  descriptor_ = openSpare();
  errno = error;
  return connection >= 0;
}

}  // namespace duplex::net
