#include "floor/buffer_ring.h"

#include <cerrno>
#include <cstdlib>
#include <new>
#include <system_error>

namespace floorServer {
namespace {

constexpr std::size_t memorySize = 4 * 1024 * 1024;
constexpr std::size_t sizeInPieces = 256 * 1024;
constexpr std::size_t sizeAsWhole = 4 * 1024;

// Of Linux 6.12, which Debian 12's liburing does not name yet: IOU_PBUF_RING_INC, IORING_CQE_F_BUF_MORE.
constexpr unsigned short fillInPieces = 2;
constexpr unsigned hasMoreRoom = 1u << 4;

}  // namespace

BufferRing::BufferRing(io_uring& ring) : memory_(std::make_unique_for_overwrite<std::byte[]>(memorySize)) {
  if (!offer(ring, true) && !offer(ring, false)) {
    throw std::system_error(errno, std::generic_category(), "io_uring_register_buf_ring");
  }
  for (unsigned buffer = 0; buffer < buffers_.size(); ++buffer) give(buffer);
}

bool BufferRing::offer(io_uring& ring, bool pieces) noexcept {
  pieces_ = pieces;
  size_ = pieces ? sizeInPieces : sizeAsWhole;
  buffers_.assign(memorySize / size_, Buffer{});
  const std::size_t bytes = buffers_.size() * sizeof(io_uring_buf);
  ring_ = static_cast<io_uring_buf_ring*>(std::aligned_alloc(4096, (bytes + 4095) / 4096 * 4096));
  if (ring_ == nullptr) return false;
  io_uring_buf_ring_init(ring_);
  io_uring_buf_reg registration{};
  registration.ring_addr = reinterpret_cast<std::uintptr_t>(ring_);
  registration.ring_entries = static_cast<unsigned>(buffers_.size());
  registration.bgid = group;
  registration.pad = pieces ? fillInPieces : 0;  // where newer headers have `flags`
  const int result = io_uring_register_buf_ring(&ring, &registration, 0);
  if (result == 0) return true;
  std::free(ring_);
  errno = -result;
  return false;
}

void BufferRing::give(unsigned buffer) noexcept {
  buffers_[buffer] = Buffer{};
  io_uring_buf_ring_add(ring_, begin(buffer), static_cast<unsigned>(size_),
                        static_cast<unsigned short>(buffer),
                        io_uring_buf_ring_mask(static_cast<unsigned>(buffers_.size())), 0);
  io_uring_buf_ring_advance(ring_, 1);
}

std::span<std::byte> BufferRing::take(const io_uring_cqe& completion, unsigned& number) noexcept {
  number = completion.flags >> IORING_CQE_BUFFER_SHIFT;
  Buffer& buffer = buffers_[number];
  const auto size = static_cast<std::size_t>(completion.res);
  const std::span<std::byte> bytes(begin(number) + buffer.filled, size);
  buffer.filled += size;
  buffer.spent = !pieces_ || (completion.flags & hasMoreRoom) == 0;
  ++buffer.holds;
  return bytes;
}

void BufferRing::release(unsigned number) noexcept {
  Buffer& buffer = buffers_[number];
  if (--buffer.holds == 0 && buffer.spent) give(number);
}

}  // namespace floorServer
