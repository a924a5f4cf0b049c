#pragma once

#include <cstddef>
#include <memory>

#include "base/bytes.h"
#include "protocol/message_buffer.h"

namespace duplex::protocol {

/// Where a message is put together whose size is known at its end, one after the other. What most need is
/// kept between them; the memory of a large one is given back with the next.
class Scratch {
 public:
  /// Forgets what is in it; before the first room is asked for.
  void clear() noexcept { large_.truncate(0); }
  /// Room behind the first `used` bytes, which stay: at least one byte, at most `most`, which is not 0.
  MutableBytes room(std::size_t used, std::size_t most);
  /// Valid until the next call of another member.
  MutableBytes first(std::size_t size) noexcept;

 private:
  static constexpr std::size_t smallSize = 64 * 1024;

  std::unique_ptr<std::byte[]> small_;
  MessageBuffer large_;
};

}  // namespace duplex::protocol
