#pragma once

#include <liburing.h>
#include <sys/socket.h>

#include <system_error>

namespace duplex::net {

/// A ring set up the one way that we use it: by one thread, which alone runs what completes, and only
/// when it asks.
class UringRing {
 public:
  /// Entries of the two queues. Throws std::system_error.
  UringRing(unsigned submissions, unsigned completions);
  UringRing(const UringRing&) = delete;
  UringRing& operator=(const UringRing&) = delete;
  ~UringRing();

  io_uring* get() noexcept { return &ring_; }
  /// Descriptors below this have a place in the ring's own table of files, once they are put there: an
  /// operation by that place is spared the look-up that one by descriptor costs.
  int files() const noexcept { return files_; }

 private:
  io_uring ring_{};
  int files_ = 0;
};

/// A send that takes at once what it can, and fails if that is not all: with IOSQE_CQE_SKIP_SUCCESS it has
/// a completion only then, which tells how much it took.
constexpr unsigned sendFlags = MSG_NOSIGNAL | MSG_DONTWAIT | MSG_WAITALL;

/// Why UringBackend cannot work here; no error if it can. Tries all that it uses.
std::error_code probeUring() noexcept;

}  // namespace duplex::net
