#include <string>
#include <utility>

#include "http/connection.h"
#include "http/connection_send.h"
#include "http/status.h"

namespace duplex::http {

/// Reads requests from `bytes`, and runs them, as far as it can; keeps what must wait.
void ServerConnection::process(Bytes bytes) {
  const State before = state_;
  const std::uint64_t written = written_;
  if (state_ == State::Idle) headBytes_ = 0;
  headBytes_ += bytes.size();
  input_ = bytes;
  processing_ = true;
  while (readOn()) {
  }
  processing_ = false;
  if (state_ == State::Handling || state_ == State::Answered) {
    if (!input_.empty()) {
      ahead_.assign(input_.begin(), input_.end());
      pause();
    }
    if (state_ == State::Answered) stream_.notifyDrained();
  } else if (reading()) {
    resume();
  }
  input_ = {};
  // A head or a body that comes in many pieces has one deadline for all of them, and so have the empty lines
  // that may stand before a request: they are none, and nothing has been answered.
  if (state_ != before || written_ != written || !timeout_.pending()) armTimeout();
}

/// Goes on with what was kept, now that an answer is out of the way.
void ServerConnection::processAhead() {
  state_ = State::Idle;
  timeout_.cancel();
  const std::vector<std::byte> bytes = std::exchange(ahead_, {});
  process(bytes);
}

/// Takes one event out of the parser; false if there is none until more bytes or an answer come.
bool ServerConnection::readOn() {
  if (state_ == State::Answered && mayReadOn()) state_ = State::Idle;
  if (!reading()) return false;
  if (state_ == State::Idle) {
    if (input_.empty()) return false;
    if (!begun_) begin();
  }
  std::size_t consumed = 0;
  const RequestParser::Event event = parser_.feed(input_, consumed);
  input_ = input_.subspan(consumed);
  switch (event) {
    case RequestParser::Event::NeedMore:
      if (state_ == State::Idle && parser_.began()) state_ = State::Head;
      return false;
    case RequestParser::Event::Head:
      state_ = State::Body;
      if (place_ == Place::Handshake) {
        place_ = Place::Served;
        if (context_.greeted) context_.greeted(peer_);
      }
      if (exchange_->request.expectContinue && input_.empty()) expectation();
      return true;
    case RequestParser::Event::Complete:
      run();
      return true;
    case RequestParser::Event::Failed:
      refuseRequest(parser_.error(), parser_.status());
      return false;
  }
  return false;
}

/// Makes an exchange for the next request, of the last one if nobody has kept that.
void ServerConnection::begin() {
  if (exchange_ && exchange_->unique()) {
    exchange_->reset();
  } else {
    exchange_ = Ref<Exchange>::adopt(new Exchange);
  }
  exchange_->connection = this;
  exchange_->mailbox = &loop_.mailbox();
  exchange_->remote = peer_;
  exchange_->secure = stream_.secure();
  if (exchange_->secure) exchange_->certificate = stream_.peerSubject();
  parser_.start(exchange_->request, exchange_->body);
  begun_ = true;
}

/// The client waits to be told that its body is wanted. One that is too long has been refused already.
void ServerConnection::expectation() {
  const RequestHead& request = exchange_->request;
  const std::string_view length = request.value("Content-Length");
  if (request.find("Transfer-Encoding") == nullptr && (length.empty() || length == "0")) return;
  send([](OutputQueue& out) { out.append(std::string_view("HTTP/1.1 100 Continue\r\n\r\n")); });
}

void ServerConnection::run() {
  state_ = State::Handling;
  begun_ = false;
  timeout_.cancel();
  const Ref<Exchange> exchange = exchange_;
  if (context_.counters != nullptr) context_.counters->requests.add();
  if (context_.proxies != nullptr) believeProxy(*exchange);
  writer_.start(exchange->request, exchange->request.keepAlive && !shuttingDown_);
  startChain(*exchange, context_.routes);
}

/// A proxy says whose request it is, and how that one came.
void ServerConnection::believeProxy(Exchange& exchange) const {
  if (!context_.proxies->trusts(peer_)) return;
  const ClientOf client = context_.proxies->client(exchange.request.fields, {peer_, exchange.secure});
  exchange.remote = client.address;
  exchange.secure = client.secure;
}

/// Answers what is no request, or no whole one, and closes: what follows cannot be trusted to begin
/// where a request begins.
void ServerConnection::refuseRequest(Errc error, int status, std::string detail) {
  const std::string_view phrase = reasonPhrase(status);
  HeaderBlock headers;
  headers.set("Content-Type", "text/plain; charset=utf-8");
  writer_.start();
  send([&](OutputQueue& out) {
    writer_.head(status, headers, phrase.size(), out);
    writer_.body(asBytes(phrase), out);
  });
  linger();
  report(Error(error, std::move(detail)));
}

}  // namespace duplex::http
