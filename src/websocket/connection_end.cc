// How a connection ends: by a closing handshake, a failure, a deadline, or the peer's leaving.
#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include "net/loop.h"
#include "protocol/close_code.h"
#include "websocket/connection.h"

namespace duplex::websocket {

using protocol::Event;
using protocol::Role;

/// Whether the peer has read some of what is queued since this was asked last: slow, but alive.
bool Connection::takesBytes() {
  if (stream_.queued() == 0) return false;
  return std::exchange(extras().progress, stream_.progress()) != stream_.progress();
}

/// The peer takes its time over the end. If it does not even read it is cut, and what has been said of
/// the end stands.
void Connection::closeDeadline() {
  if (takesBytes()) {
    group_.loop.schedule(*this, group_.limits.closeTimeout);
    return;
  }
  if (group_.report) group_.report(Error(Errc::CloseTimeout), remoteAddress());
  // What the kernel has taken it goes on delivering, unless it is told to reset.
  finish(stream_.queued() != 0);
}

void Connection::close(std::uint16_t code, std::string_view reason) {
  stopTrying();
  if (state_ == ReadyState::Connecting) {
    fail(Error(Errc::Terminated, "closed before the connection was open"), Errc::Terminated);
  } else if (state_ == ReadyState::Open) {
    sendClose(code, reason);
    startClosing();
  }
}

/// What was sent before goes out first, all of it.
void Connection::sendClose(std::uint16_t code, std::string_view reason) {
  release(std::numeric_limits<std::size_t>::max());
  session_.close(code, reason, stream_.output());
}

void Connection::terminate() {
  stopTrying();
  finish(true);
}

void Connection::startClosing() {
  setState(ReadyState::Closing);
  if (Waits* waits = existingWaits()) waits->closing();
  const auto timeout = group_.limits.closeTimeout;
  if (timeout.count() > 0) {
    group_.loop.schedule(*this, timeout);
  } else {
    cancel();
  }
}

void Connection::onClose(const Event& event) {
  CloseEvent& end = extras().closeEvent;
  end.code = event.code;
  end.reason = asText(event.payload);
  end.wasClean = !extras_->failed;
  if (!session_.closeSent()) {
    // The code is echoed, and the reason with it, for the peer's close event shows what came back;
    // without a code the answer has none either (RFC 6455 §5.5.1).
    sendClose(event.code, asText(event.payload));
    startClosing();
  }
  // The server is the first to close TCP; a client waits for that (RFC 6455 §7.1.1).
  if (group_.role == Role::Server) stream_.shutdown();
}

// The peer is told `rule`, the application and the log `error`.
void Connection::fail(const Error& error, Errc rule) {
  if (state_ == ReadyState::Closed || (extras_ != nullptr && extras_->failed)) return;
  extras().failed = true;
  extras_->error = error;
  extras_->closeEvent = {};
  if (group_.report) group_.report(error, remoteAddress());
  const std::uint16_t code = closeCode(rule);
  if (!stream_ || state_ == ReadyState::Connecting || code == protocol::close_code::abnormal) {
    finish(true);
    return;
  }
  const bool ownFault = code == protocol::close_code::internalError;
  const std::string reason = ownFault ? std::string() : make_error_code(rule).message();
  sendClose(code, std::string_view(reason).substr(0, protocol::maxCloseReason));
  startClosing();
  stream_.shutdown();
}

void Connection::handlerFailed() {
  const Error error = Error::current();
  if (state_ == ReadyState::Closed) {
    if (group_.report) group_.report(error, remoteAddress());
  } else {
    fail(error, Errc::HandlerFailed);
  }
}

/// There is no memory to go on with; perhaps there is for a Close.
void Connection::brokeDown() {
  session_.endReceiving();
  // It was in the middle of failing.
  if (extras_ != nullptr && extras_->failed) return finish(true);
  try {
    fail(Error::current(), Errc::HandlerFailed);
  } catch (...) {
    finish(true);
  }
}

void Connection::onEnd() {
  surviving([this] { peerEnds(); });
}

void Connection::peerEnds() {
  if (state_ == ReadyState::Connecting) {
    fail(Error(Errc::ConnectionLost, "the server closed the connection during the handshake"),
         Errc::ConnectionLost);
    return;
  }
  if (Waits* waits = existingWaits(); waits != nullptr && waits->holdsEnd()) return;
  // What is still queued, our Close perhaps, goes out first.
  release(std::numeric_limits<std::size_t>::max());
  extras().peerEnded = true;
  if (state_ == ReadyState::Open) startClosing();
  if (stream_.queued() == 0) {
    finish();
  } else {
    stream_.notifyDrained();
  }
}

void Connection::onFailed(std::error_code error) {
  try {
    const std::string why = stream_.failure();
    if (state_ == ReadyState::Connecting) {
      fail(Error(error, why.empty() ? "during the handshake" : why), Errc::ConnectionLost);
    } else if (!why.empty() && (extras_ == nullptr || !extras_->failed)) {
      fail(Error(error, why), Errc::ConnectionLost);
    } else {
      // What made it fail before stands; this has cut its closing handshake short.
      finish();
    }
  } catch (...) {
    finish();
  }
}

void Connection::finish(bool reset) {
  if (state_ == ReadyState::Closed) return;
  if (Waits* waits = existingWaits(); waits != nullptr && !extras_->failed)
    waits->tellHeld(extras_->closeEvent);
  // First what may throw, so that it can be tried again.
  const bool again = triesAgain();
  if (!again && stream_) extras().remote = stream_.remoteAddress();
  // A task of its own: no handler runs inside a call, and none is to find the connection gone.
  group_.loop.defer([socket = handle(), again] {
    if (Connection* self = socket.local()) again ? self->tryAgain() : self->tellEnd();
  });
  setState(again ? ReadyState::Connecting : ReadyState::Closed);
  cancel();
  // What never left stays counted, as in a browser.
  const std::size_t lost = bufferedAmount() - (extras_ == nullptr ? 0 : extras_->discarded);
  if (lost != 0) extras().discarded += lost;
  if (extras_ != nullptr) extras_->backlog.reset();
  stream_.close(reset);
  if (topics() != 0) group_.topics->remove(*this);
  if (extras_ != nullptr && extras_->client != nullptr) {
    extras_->client->handshake.reset();
    extras_->client->waiting.reset();
  }
  if (again) lose();
}

}  // namespace duplex::websocket
