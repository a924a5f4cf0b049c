#include "net/uring_buffers.h"

#include <sys/mman.h>

#include <cerrno>
#include <system_error>

namespace duplex::net {
namespace {

// Newer than Debian 12's liburing: a ring whose buffers are used up piece by piece, and the mark of a
// completion after which its buffer has room left.
constexpr unsigned incrementalRing = 2;
constexpr unsigned bufferHasMore = 1u << 4;

constexpr unsigned incrementalBuffers = 4;
constexpr unsigned wholeBuffers = 64;

// They stand where older versions of liburing have padding.
template <class Registration>
void setFlags(Registration& registration, std::uint16_t flags) noexcept {
  if constexpr (requires { registration.flags; }) {
    registration.flags = flags;
  } else {
    registration.pad = flags;
  }
}

}  // namespace

UringBuffers::UringBuffers(io_uring& ring, std::size_t memory) : ring_(ring), memory_(new std::byte[memory]) {
  void* entries = ::mmap(nullptr, wholeBuffers * sizeof(io_uring_buf), PROT_READ | PROT_WRITE,
                         MAP_ANONYMOUS | MAP_PRIVATE, -1, 0);
  if (entries == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "mmap");
  buffers_ = static_cast<io_uring_buf_ring*>(entries);
  count_ = incrementalBuffers;
  if (!enlist(true)) {
    count_ = wholeBuffers;
    if (!enlist(false)) {
      const int error = errno;
      ::munmap(buffers_, wholeBuffers * sizeof(io_uring_buf));
      throw std::system_error(error, std::generic_category(), "io_uring_register_buf_ring");
    }
  }
  bufferSize_ = memory / count_;
  used_.resize(count_);
  kept_.reserve(count_);
  io_uring_buf_ring_init(buffers_);
  for (unsigned i = 0; i < count_; ++i) add(i);
}

UringBuffers::~UringBuffers() {
  io_uring_unregister_buf_ring(&ring_, group);
  ::munmap(buffers_, wholeBuffers * sizeof(io_uring_buf));
}

bool UringBuffers::enlist(bool incremental) noexcept {
  io_uring_buf_reg registration{};
  registration.ring_addr = reinterpret_cast<std::uintptr_t>(buffers_);
  registration.ring_entries = count_;
  registration.bgid = group;
  setFlags(registration, incremental ? incrementalRing : 0);
  const int result = io_uring_register_buf_ring(&ring_, &registration, 0);
  incremental_ = incremental;
  errno = -result;
  return result == 0;
}

MutableBytes UringBuffers::take(int size, unsigned flags) noexcept {
  const unsigned buffer = flags >> IORING_CQE_BUFFER_SHIFT;
  const MutableBytes bytes(memory_.get() + buffer * bufferSize_ + used_[buffer],
                           static_cast<std::size_t>(size));
  used_[buffer] += bytes.size();
  return bytes;
}

void UringBuffers::release(unsigned flags) noexcept {
  if (incremental_ && (flags & bufferHasMore) != 0) return;
  ++front_;
  const unsigned buffer = flags >> IORING_CQE_BUFFER_SHIFT;
  if (keeps_) {
    kept_.push_back(buffer);
  } else {
    add(buffer);
  }
}

void UringBuffers::giveBack() noexcept {
  keeps_ = false;
  for (const unsigned buffer : kept_) add(buffer);
  kept_.clear();
}

// The kernel keeps where a buffer is used up to in the ring's entry, and looks for it there only when
// this thread makes it receive: in between it may be set back.
void UringBuffers::rewind() noexcept {
  if (!incremental_) return;
  io_uring_buf& entry = buffers_->bufs[front_ & (count_ - 1)];
  if (used_[entry.bid] == 0) return;
  used_[entry.bid] = 0;
  entry.addr = reinterpret_cast<std::uintptr_t>(memory_.get() + entry.bid * bufferSize_);
  entry.len = static_cast<unsigned>(bufferSize_);
}

void UringBuffers::add(unsigned buffer) noexcept {
  used_[buffer] = 0;
  io_uring_buf_ring_add(buffers_, memory_.get() + buffer * bufferSize_, static_cast<unsigned>(bufferSize_),
                        static_cast<unsigned short>(buffer), io_uring_buf_ring_mask(count_), 0);
  io_uring_buf_ring_advance(buffers_, 1);
}

}  // namespace duplex::net
