#include <exception>
#include <new>
#include <utility>

#include "http/connection.h"
#include "http/connection_busy.h"
#include "http/connection_send.h"
#include "http/status.h"

namespace duplex::http {

namespace {

// Queued bytes of a body that a handler writes, before it is told to wait.
constexpr std::size_t highWater = 64 * 1024;

/// What describes a body that is not going to be sent.
constexpr std::string_view bodyHeaders[] = {"Content-Encoding",    "Content-Language", "Content-Range",
                                            "Content-Disposition", "Cache-Control",    "ETag",
                                            "Last-Modified"};

bool isOutOfMemory(const Error& error) {
  try {
    if (error.exception) std::rethrow_exception(error.exception);
  } catch (const std::bad_alloc&) {
    return true;
  } catch (...) {
  }
  return false;
}

}  // namespace

bool ServerConnection::current(const Exchange& exchange) const noexcept {
  return state_ == State::Handling && exchange_.get() == &exchange && exchange.connection == this;
}

void ServerConnection::sendHead(Exchange& exchange, std::optional<std::uint64_t> length) {
  if (writer_.headSent()) return;
  exchange.headSent.store(true, std::memory_order_release);
  send([&](OutputQueue& out) { writer_.head(exchange.status, exchange.headers, length, out); });
}

void ServerConnection::respond(Exchange& exchange, Bytes body) {
  const Busy busy(*this);
  if (!current(exchange)) return;
  sendHead(exchange, body.size());
  send([&](OutputQueue& out) { writer_.body(body, out); });
  finishAnswer();
}

void ServerConnection::respond(Exchange& exchange, FileBody file) {
  const Busy busy(*this);
  if (!current(exchange)) return;
  sendHead(exchange, file.length);
  writer_.body(std::move(file));
  pump();
}

bool ServerConnection::write(Exchange& exchange, Bytes part) {
  const Busy busy(*this);
  if (!current(exchange)) return false;
  sendHead(exchange, std::nullopt);
  send([&](OutputQueue& out) { writer_.body(part, out); });
  if (stream_.queued() <= highWater) return true;
  exchange.congested.store(true, std::memory_order_release);
  stream_.notifyDrained();
  return false;
}

void ServerConnection::end(Exchange& exchange) {
  const Busy busy(*this);
  if (!current(exchange)) return;
  // Without a part written before, the body is known to be empty.
  sendHead(exchange, 0);
  finishAnswer();
}

void ServerConnection::refuse(int status, std::string_view headers, std::string_view body) {
  const Busy busy(*this);
  if (!exchange_ || !exchange_->claim()) return;
  exchange_->status = status;
  exchange_->headers.appendLines(headers);
  exchange_->headers.set("Content-Type", "text/plain; charset=utf-8");
  writer_.forbidKeepAlive();
  respond(*exchange_, asBytes(body.empty() ? reasonPhrase(status) : body));
}

void ServerConnection::fail(Exchange& exchange, const Error& error) {
  const Busy busy(*this);
  if (error.status >= 500 || error.exception) report(error);
  if (!current(exchange)) return;
  if (!exchange.claim()) {
    // An answer that has broken off while it was made will not come any more.
    if (isOutOfMemory(error)) close(true);
    return;
  }
  // Half an answer must not look like a whole one.
  if (writer_.headSent()) return close(true);
  exchange.status = error.status >= 400 && error.status < 600 ? error.status : 500;
  for (const std::string_view name : bodyHeaders) exchange.headers.remove(name);
  exchange.headers.set("Content-Type", "text/plain; charset=utf-8");
  respond(exchange, asBytes(reasonPhrase(exchange.status)));
}

void ServerConnection::unanswered(Exchange& exchange) {
  surviving([&] { fail(exchange, Error(Errc::Unanswered, std::string(exchange.request.path))); });
}

void ServerConnection::drainedBefore(Exchange& exchange) {
  const Busy busy(*this);
  if (current(exchange)) exchange.drained(context_.report);
}

/// Sends some more of a file.
void ServerConnection::pump() {
  bool whole = true;
  send([&](OutputQueue& out) { whole = writer_.pump(out); });
  if (!whole) {
    // The head has promised what is not there any more.
    report(Error(Errc::ConnectionLost, "a file could not be read to its end"));
    return close(true);
  }
  if (writer_.pumping()) return stream_.notifyDrained();
  finishAnswer();
}

void ServerConnection::finishAnswer() {
  bool whole = true;
  send([&](OutputQueue& out) { whole = writer_.end(out); });
  if (!whole) writer_.forbidKeepAlive();
  complete();
  if (!whole) report(Error(Errc::HandlerFailed, "less was written than Content-Length says"));
}

void ServerConnection::complete() {
  release(true);
  if (state_ == State::Closed) return;
  if (!writer_.keepAlive()) return linger();
  state_ = State::Answered;
  if (processing_) return;
  // What waits is read from a fresh stack, not from inside a handler's call.
  if (!mayReadOn()) return stream_.notifyDrained();
  if (!ahead_.empty()) return loop_.schedule(timeout_, loop_.now());
  state_ = State::Idle;
  resume();
  armTimeout();
}

}  // namespace duplex::http
