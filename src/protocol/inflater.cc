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
  if (window == nullptr) return inflate(payload, limit, Bytes(), engine);
  if (ZlibInflate* own = engine == Engine::Zlib ? window->stream() : nullptr) {
    const auto startAgain = [&](Bytes) {
      std::vector<std::byte> history;
      own->history(history);
      own->start(history);
    };
    const Result result = run(*own, payload, limit, startAgain);
    if (result.error != Errc{}) {
      window->clear();
    } else if (own->ended()) {
      startAgain({});
    }
    return result;
  }
  const Result result = inflate(payload, limit, window->bytes(), engine);
  if (result.error == Errc{}) window->append(result.message);
  return result;
}

Inflater::Result Inflater::inflate(Bytes payload, std::size_t limit, Bytes history, Engine engine) {
  const auto runFrom = [&](auto& stream) {
    if (!payload.empty()) stream.start(history);
    return run(stream, payload, limit, [&](Bytes since) { stream.start(lastOf(history, since)); });
  };
  return engine == Engine::Zlib ? runFrom(zlib_) : runFrom(isal_);
}

/// `startAgain(since)` begins a stream that may refer to all before it, of which `since` is of this message.
template <class Stream, class StartAgain>
Inflater::Result Inflater::run(Stream& stream, Bytes payload, std::size_t limit, StartAgain&& startAgain) {
  constexpr Result corrupt{.error = Errc::InvalidCompression};
  // One byte more tells that there are too many.
  const std::size_t most = limit + (limit < std::numeric_limits<std::size_t>::max() ? 1 : 0);
  scratch_.clear();
  if (payload.empty()) return {};
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
      startAgain(scratch_.first(size));
    } else if (!room.empty() && input.empty()) {
      if (stream.betweenBlocks()) return {.message = scratch_.first(size)};
      if (inTail) return corrupt;
      input = tail;
      inTail = true;
    }
  }
}

}  // namespace duplex::protocol
