#include "protocol/scratch.h"

#include <algorithm>
#include <cstring>

namespace duplex::protocol {

MutableBytes Scratch::room(std::size_t used, std::size_t most) {
  if (used < smallSize) {
    if (small_ == nullptr) small_.reset(new std::byte[smallSize]);
    return {small_.get() + used, std::min(smallSize - used, most)};
  }
  // Doubled, but for a limit that is nearer: no more than that will be written.
  const std::size_t more = std::min(used, most);
  if (large_.size() == 0) std::memcpy(large_.extend(used, more).data(), small_.get(), used);
  if (large_.size() == used) large_.extend(more, 0);
  return large_.bytes().subspan(used).first(std::min(large_.size() - used, most));
}

MutableBytes Scratch::first(std::size_t size) noexcept {
  return size <= smallSize && large_.size() == 0 ? MutableBytes(small_.get(), size)
                                                 : large_.bytes().first(size);
}

}  // namespace duplex::protocol
