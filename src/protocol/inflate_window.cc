#include "protocol/inflate_window.h"

#include <algorithm>
#include <new>

namespace duplex::protocol {
namespace {

// When it is worth a stream. The way there and back costs as much as two copies of a window, and a long
// message takes it back, since that is for another engine.
constexpr std::size_t manyBytes = 8 * 1024;
constexpr std::size_t shortMessage = 2 * 1024;
constexpr std::size_t manyShortMessages = 8;

}  // namespace

Bytes InflateWindow::bytes() {
  leaveStream(most());
  return Bytes(buffer_).last(std::min(buffer_.size(), size_));
}

void InflateWindow::append(Bytes inflated) {
  bytes();
  shortMessages_ = inflated.size() < shortMessage ? shortMessages_ + 1 : 0;
  inflated = inflated.last(std::min(inflated.size(), size_));
  if (buffer_.size() + inflated.size() > most()) keep(size_ - inflated.size());
  const std::size_t needed = buffer_.size() + inflated.size();
  if (needed > buffer_.capacity()) buffer_.reserve(std::min(std::max(needed, 2 * buffer_.size()), most()));
  buffer_.insert(buffer_.end(), inflated.begin(), inflated.end());
}

ZlibInflate* InflateWindow::stream() {
  if (inStream()) return &stream_;
  if (size_ != largestWindow || buffer_.size() < manyBytes || shortMessages_ < manyShortMessages)
    return nullptr;
  try {
    stream_.start(bytes());
  } catch (const std::bad_alloc&) {
    stream_.release();
    return nullptr;
  }
  std::vector<std::byte>().swap(buffer_);
  return &stream_;
}

void InflateWindow::clear() noexcept {
  stream_.release();
  std::vector<std::byte>().swap(buffer_);
}

void InflateWindow::trim() {
  try {
    leaveStream(0);
    keep(size_);
    buffer_.shrink_to_fit();
  } catch (const std::bad_alloc&) {
    // It stays where it is.
  }
}

// To a buffer with room for so many bytes, if there are not more.
void InflateWindow::leaveStream(std::size_t room) {
  if (!inStream()) return;
  buffer_.reserve(room);
  stream_.history(buffer_);
  stream_.release();
}

void InflateWindow::keep(std::size_t size) {
  if (buffer_.size() > size)
    buffer_.erase(buffer_.begin(), buffer_.end() - static_cast<std::ptrdiff_t>(size));
}

}  // namespace duplex::protocol
