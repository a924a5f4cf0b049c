#include "net/uring_ring.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <memory>

#include "net/uring_buffers.h"

namespace duplex::net {
namespace {

std::error_code errorOf(int error) noexcept {
  return {error, std::generic_category()};
}

constexpr unsigned neededFeatures = IORING_FEAT_NODROP | IORING_FEAT_SUBMIT_STABLE | IORING_FEAT_FAST_POLL |
                                    IORING_FEAT_EXT_ARG | IORING_FEAT_CQE_SKIP;
constexpr std::array neededOperations = {IORING_OP_RECV,     IORING_OP_SEND,         IORING_OP_SENDMSG,
                                         IORING_OP_POLL_ADD, IORING_OP_ASYNC_CANCEL, IORING_OP_CLOSE,
                                         IORING_OP_ACCEPT,   IORING_OP_FILES_UPDATE};

// Of the table of files; each takes 16 bytes of the kernel's.
constexpr rlim_t mostFiles = 1 << 17;

class Probe {
 public:
  Probe() : ring_(8, 16), buffers_(*ring_.get(), 64 * 1024) {
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends_.data()) != 0) {
      throw std::system_error(errorOf(errno));
    }
  }
  ~Probe() {
    for (const int end : ends_) ::close(end);
  }

  bool run() { return hasOperations() && tellsShortSends() && receivesOn(); }

 private:
  static constexpr unsigned wait = 1;

  bool hasOperations() {
    const std::unique_ptr<io_uring_probe, decltype(&io_uring_free_probe)> probe(
        io_uring_get_probe_ring(ring_.get()), &io_uring_free_probe);
    if (probe == nullptr) return false;
    for (const int operation : neededOperations) {
      if (io_uring_opcode_supported(probe.get(), operation) == 0) return false;
    }
    return true;
  }

  // More than a socket takes: one completion, with what it took.
  bool tellsShortSends() {
    constexpr std::size_t tooMuch = 16 * 1024 * 1024;
    const std::unique_ptr<std::byte[]> bytes(new std::byte[tooMuch]);
    for (const std::size_t size : {std::size_t{1}, tooMuch}) {
      io_uring_sqe& sqe = *io_uring_get_sqe(ring_.get());
      io_uring_prep_send(&sqe, ends_[0], bytes.get(), size, sendFlags);
      sqe.flags |= IOSQE_CQE_SKIP_SUCCESS;
      sqe.user_data = size;
    }
    io_uring_cqe* cqe = nullptr;
    if (io_uring_submit_and_wait(ring_.get(), wait) != 2 || io_uring_peek_cqe(ring_.get(), &cqe) != 0)
      return false;
    const bool right = cqe->user_data == tooMuch && cqe->res > 0 && cqe->res < int{tooMuch};
    io_uring_cqe_seen(ring_.get(), cqe);
    return right;
  }

  // The bytes are there: one receive brings them, and goes on.
  bool receivesOn() {
    io_uring_sqe& sqe = *io_uring_get_sqe(ring_.get());
    io_uring_prep_recv_multishot(&sqe, ends_[1], nullptr, 0, 0);
    sqe.flags |= IOSQE_BUFFER_SELECT;
    sqe.buf_group = UringBuffers::group;
    io_uring_cqe* cqe = nullptr;
    if (io_uring_submit_and_wait(ring_.get(), wait) != 1 || io_uring_peek_cqe(ring_.get(), &cqe) != 0)
      return false;
    return cqe->res > 0 && (cqe->flags & (IORING_CQE_F_BUFFER | IORING_CQE_F_MORE)) ==
                               (IORING_CQE_F_BUFFER | IORING_CQE_F_MORE);
  }

  UringRing ring_;
  UringBuffers buffers_;
  std::array<int, 2> ends_{-1, -1};
};

}  // namespace

UringRing::UringRing(unsigned submissions, unsigned completions) {
  io_uring_params parameters{};
  parameters.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_SUBMIT_ALL |
                     IORING_SETUP_CLAMP | IORING_SETUP_CQSIZE;
  parameters.cq_entries = completions;
  const int result = io_uring_queue_init_params(submissions, &ring_, &parameters);
  if (result < 0) throw std::system_error(errorOf(-result), "io_uring_setup");
  if ((parameters.features & neededFeatures) != neededFeatures) {
    io_uring_queue_exit(&ring_);
    throw std::system_error(errorOf(EOPNOTSUPP), "io_uring_setup");
  }
  // Spares each call the look-up of its descriptor.
  io_uring_register_ring_fd(&ring_);
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  const auto files = static_cast<unsigned>(std::min<rlim_t>(limit.rlim_cur, mostFiles));
  if (io_uring_register_files_sparse(&ring_, files) == 0) files_ = static_cast<int>(files);
}

UringRing::~UringRing() {
  io_uring_queue_exit(&ring_);
}

std::error_code probeUring() noexcept {
  try {
    return Probe().run() ? std::error_code() : errorOf(EOPNOTSUPP);
  } catch (const std::system_error& error) {
    return error.code();
  } catch (...) {
    return errorOf(ENOMEM);
  }
}

}  // namespace duplex::net
