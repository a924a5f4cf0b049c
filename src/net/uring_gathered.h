#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cstddef>

#include "net/uring_backend.h"

namespace duplex::net {

/// The pieces of a gathered send; the kernel takes them over when the operation is handed over.
struct UringBackend::Gathered {
  static constexpr std::size_t maxPieces = 64;
  msghdr message;
  std::array<iovec, maxPieces> pieces;
};

}  // namespace duplex::net
