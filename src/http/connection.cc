#include "http/connection.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "http/connection_busy.h"

namespace duplex::http {

namespace {

// What a client may still send after the last answer: enough for what it had on its way when an
// answer refused the rest, little enough to be no burden.
constexpr std::size_t maxDropped = 16 * 1024 * 1024;
constexpr Milliseconds lingerTimeout{5'000};
// Over so long the rate of headers is measured: a lost segment or two are made up for by then.
constexpr std::chrono::seconds rateWindow{5};

}  // namespace

ServerConnection::ServerConnection(ServerContext& context, net::Loop& loop, net::Accepted accepted)
    : context_(context),
      loop_(loop),
      stream_(loop.adopt(accepted, *this)),
      parser_(context.limits),
      peer_(accepted.remote) {
  armTimeout();
}

ServerConnection::ServerConnection(ServerContext& context, net::Loop& loop, net::Socket& socket, Place place)
    : context_(context),
      loop_(loop),
      stream_(socket),
      parser_(context.limits),
      peer_(socket.remoteAddress()),
      place_(place) {
  socket.setHandler(*this);
  armTimeout();
}

void ServerConnection::startTls(transport::TlsServerContext& tls, Bytes early) {
  stream_.startTls(tls, early);
  loop_.schedule(timeout_, context_.limits.headerTimeout);
}

ServerConnection::~ServerConnection() = default;

void ServerConnection::report(const Error& error) const {
  if (context_.report) context_.report(error, exchange_ ? exchange_->context() : ErrorContext{peer_});
}

/// The handshake of TLS is done.
void ServerConnection::onConnected() {
  if (state_ == State::Idle) armTimeout();
}

/// Of what is being handled, if there is memory for that.
void ServerConnection::reportCurrent() const noexcept {
  try {
    report(Error::current());
  } catch (...) {
  }
}

void ServerConnection::onData(MutableBytes bytes) {
  surviving([&] { take(bytes); });
}

void ServerConnection::onEnd() {
  surviving([&] { peerEnds(); });
}

void ServerConnection::onDrained() {
  surviving([&] { drained(); });
}

void ServerConnection::onTimeout() {
  surviving([&] { timedOut(); });
}

void ServerConnection::take(MutableBytes bytes) {
  switch (state_) {
    case State::Idle:
    case State::Head:
    case State::Body:
      return process(bytes);
    case State::Handling:
    case State::Answered:
      // The next request waits for its turn, and no third one is read meanwhile.
      ahead_.insert(ahead_.end(), bytes.begin(), bytes.end());
      return pause();
    case State::Lingering:
      dropped_ += bytes.size();
      if (dropped_ > maxDropped) close(true);
      return;
    case State::Closed:
      return;
  }
}

void ServerConnection::peerEnds() {
  peerEnded_ = true;
  switch (state_) {
    case State::Idle:
    case State::Head:
    case State::Body:
      return linger();
    case State::Handling:
      // An answer that is made takes its way; nobody waits for one that is still to be thought of.
      writer_.forbidKeepAlive();
      if (!exchange_->claimed.load(std::memory_order_acquire)) close(false);
      return;
    case State::Answered:
      return linger();
    case State::Lingering:
    case State::Closed:
      return;
  }
}

void ServerConnection::drained() {
  if (state_ == State::Answered) return processAhead();
  if (state_ != State::Handling) return;
  if (writer_.pumping()) return pump();
  if (exchange_->congested.load(std::memory_order_acquire)) {
    const Ref<Exchange> exchange = exchange_;
    exchange->drained(context_.report);
  }
}

void ServerConnection::onFailed(std::error_code error) {
  const Busy busy(*this);
  // A client that leaves is nothing to tell of, unless it leaves something undone.
  if (const std::string why = stream_.failure(); !why.empty()) {
    report(Error(error, why));
  } else if (error && state_ == State::Handling) {
    report(Error(error, "while a request was being answered"));
  }
  stream_.forget();
  close(false);
}

/// Whether the peer has taken no byte of what is queued for too long. If not, looks again later.
bool ServerConnection::peerStalls() {
  const std::uint64_t taken = written_ - stream_.queued();
  if (std::exchange(taken_, taken) != taken) takenSince_ = loop_.now();
  const TimePoint limit = timeAfter(takenSince_, context_.limits.sendTimeout);
  if (loop_.now() >= limit) return true;
  loop_.schedule(timeout_, limit);
  return false;
}

void ServerConnection::timedOut() {
  if (!stream_.ready()) {
    const bool waitedFor = state_ == State::Idle;
    close(true);
    if (waitedFor) report(Error(Errc::HandshakeTimeout, "TLS"));
    return;
  }
  if (state_ == State::Answered && mayReadOn()) return processAhead();
  if (stream_.queued() != 0) {
    if (!peerStalls()) return;
    close(true);
    return report(Error(Errc::SendTimeout));
  }
  switch (state_) {
    case State::Head:
      return headTimeout();
    case State::Body:
      return refuseRequest(Errc::BodyTimeout, 408);
    case State::Idle:
    case State::Lingering:
      return close(false);
    case State::Handling:
    case State::Answered:
    case State::Closed:
      return;
  }
}

/// Headers under way have a deadline, and may not come too slowly either.
void ServerConnection::headTimeout() {
  if (loop_.now() >= headDeadline_) return refuseRequest(Errc::RequestTimeout, 408);
  if (headBytes_ / static_cast<std::size_t>(rateWindow.count()) < context_.limits.minHeaderRate) {
    return refuseRequest(Errc::RequestTooSlow, 408);
  }
  headBytes_ = 0;
  loop_.schedule(timeout_, std::min(headDeadline_, timeAfter(loop_.now(), rateWindow)));
}

/// Sets the timeout that belongs to the state. While the answer is being made there is none but
/// the one for the peer that does not take it.
void ServerConnection::armTimeout() {
  const HttpLimits& limits = context_.limits;
  switch (state_) {
    case State::Idle:
      return loop_.schedule(timeout_, limits.keepAliveTimeout);
    case State::Head:
      headDeadline_ = timeAfter(loop_.now(), limits.headerTimeout);
      return loop_.schedule(timeout_, std::min(headDeadline_, timeAfter(loop_.now(), rateWindow)));
    case State::Body:
      return loop_.schedule(timeout_, limits.bodyTimeout);
    case State::Handling:
    case State::Answered:
      if (stream_.queued() != 0) return loop_.schedule(timeout_, limits.sendTimeout);
      return timeout_.cancel();
    case State::Lingering:
      return loop_.schedule(timeout_, lingerTimeout);
    case State::Closed:
      return timeout_.cancel();
  }
}

void ServerConnection::pause() {
  if (!std::exchange(paused_, true)) stream_.pause();
}

void ServerConnection::resume() {
  if (std::exchange(paused_, false)) stream_.resume();
}

void ServerConnection::shutdown() {
  const Busy busy(*this);
  shuttingDown_ = true;
  writer_.forbidKeepAlive();
  if (state_ == State::Idle || state_ == State::Answered) linger();
}

void ServerConnection::abort() {
  const Busy busy(*this);
  close(true);
}

void ServerConnection::turnAway(Errc error) {
  const Busy busy(*this);
  refuseRequest(error, httpStatus(error));
}

ServerConnection::Upgraded ServerConnection::upgrade(std::string_view head) {
  const Busy busy(*this);
  stream_.output().append(head);
  if (processing_) {
    ahead_.assign(input_.begin(), input_.end());
    input_ = {};
  }
  resume();
  exchange_->claimed.store(true, std::memory_order_release);
  Upgraded upgraded{std::move(stream_), std::move(ahead_)};
  release(true);
  timeout_.cancel();
  state_ = State::Closed;
  place_ = Place::Given;
  return upgraded;
}

/// Lets the exchange go, whose answer is complete or never will be.
void ServerConnection::release(bool complete) {
  if (!exchange_ || exchange_->connection == nullptr) return;
  const Ref<Exchange> exchange = exchange_;
  exchange->detach(complete, context_.report);
}

/// Sends FIN after what is queued and waits for the client's: closing at once, with bytes from the
/// client unread, would reset the connection and take the answer from it (RFC 9112 §9.6).
void ServerConnection::linger() {
  release(false);
  if (state_ == State::Closed) return;
  state_ = State::Lingering;
  ahead_ = {};
  input_ = {};
  stream_.shutdown();
  resume();
  armTimeout();
}

void ServerConnection::close(bool reset) {
  if (state_ == State::Closed) return;
  state_ = State::Closed;
  timeout_.cancel();
  input_ = {};
  stream_.close(reset);
  release(false);
}

}  // namespace duplex::http
