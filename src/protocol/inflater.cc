#include "protocol/inflater.h"

#include <algorithm>
#include <array>
#include <limits>
#include <vector>

namespace duplex::protocol {
namespace {

// The end of every message, which is not sent (RFC 7692 §7.2.1): length and complement of an empty block,
// whose header is the last that is sent. Some send a message without that block, or with all of it; as there
// is no doubt where it ends, it is taken.
constexpr std::array tail{std::byte{0x00}, std::byte{0x00}, std::byte{0xFF}, std::byte{0xFF}};

constexpr std::size_t largestWindow = 32 * 1024;

/// How many streams a message may have. Each is begun with a copy of the window, though it may be empty and
/// take two bytes; who means well has one, or one a fragment.
std::size_t mostStreams(std::size_t payload) noexcept {
  return 16 + std::min<std::size_t>(payload / 64, 1024);
}

/// The last bytes of two pieces, as many as a window may have.
std::vector<std::byte> lastOf(Bytes before, Bytes after) {
  after = after.last(std::min(after.size(), largestWindow));
  before = before.last(std::min(before.size(), largestWindow - after.size()));
  std::vector<std::byte> joined(before.begin(), before.end());
  joined.insert(joined.end(), after.begin(), after.end());
  return joined;
}

}  // namespace

Inflater::Result Inflater::inflate(Bytes payload, std::size_t limit, InflateWindow* window, Engine engine) {
  const Bytes history = window == nullptr ? Bytes() : window->bytes();
  const Result result =
      engine == Engine::Zlib ? run(zlib_, payload, limit, history) : run(isal_, payload, limit, history);
  if (window != nullptr && result.error == Errc{}) window->append(result.message);
  return result;
}

template <class Stream>
Inflater::Result Inflater::run(Stream& stream, Bytes payload, std::size_t limit, Bytes history) {
  constexpr Result corrupt{.error = Errc::InvalidCompression};
  // One byte more tells that there are too many.
  const std::size_t most = limit + (limit < std::numeric_limits<std::size_t>::max() ? 1 : 0);
  scratch_.clear();
  if (payload.empty()) return {};
  stream.start(history);
  Bytes input = payload;
  bool inTail = false;
  std::size_t streamsLeft = mostStreams(payload.size());
  for (std::size_t size = 0;;) {
    MutableBytes room = scratch_.room(size, most - size);
    const std::size_t free = room.size();
    const Inflated state = stream.run(input, room);
    size += free - room.size();
    if (size > limit) return {.error = Errc::MessageTooBig};
    if (state == Inflated::Corrupt) return corrupt;
    if (state == Inflated::End) {
      // A message may be several streams, which all refer to the same window (RFC 7692 §7.2.3.4).
      if (input.empty()) return {.message = scratch_.first(size)};
      if (inTail || --streamsLeft == 0) return corrupt;
      stream.start(lastOf(history, scratch_.first(size)));
    } else if (!room.empty() && input.empty()) {
      if (stream.betweenBlocks()) return {.message = scratch_.first(size)};
      if (inTail) return corrupt;
      input = tail;
      inTail = true;
    }
  }
}

}  // namespace duplex::protocol
