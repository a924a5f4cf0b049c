// How fast a peer may send frames, where its route has a limit for that (maxFramesPerSecond).
#include <chrono>
#include <utility>

#include "net/loop.h"
#include "websocket/connection.h"

namespace duplex::websocket {

using protocol::Event;

/// Counts what the session has read up to `event`: the frame that the event is, or the last of the message
/// that it is, and those of a message that is still under way. Whether these are more in a second than may
/// be; the connection has failed then.
bool Connection::tooManyFrames(const Event& event) {
  if (state_ != ReadyState::Open || event.type == Event::Type::Failure) return false;
  const std::uint32_t fragments = session_.fragments();
  if (!event && fragments == 0) return false;
  auto& rate = extras().rate;
  const TimePoint now = group_.loop.now();
  if (now - rate.second >= std::chrono::seconds(1)) {
    rate.second = now;
    rate.frames = 0;
  }
  // Of a message that has begun since the last call none has been counted.
  if (fragments < rate.fragments) rate.fragments = 0;
  rate.frames += fragments - std::exchange(rate.fragments, fragments);
  const bool isMessage = event.type == Event::Type::Text || event.type == Event::Type::Binary;
  if (isMessage && fragments != 0) {
    rate.fragments = 0;
  } else if (event) {
    ++rate.frames;
  }
  if (rate.frames <= group_.limits.maxFramesPerSecond) return false;
  session_.endReceiving();
  fail(Error(Errc::TooManyFrames), Errc::TooManyFrames);
  return true;
}

}  // namespace duplex::websocket
