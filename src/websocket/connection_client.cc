// The way of a client's connection from its URL until it is open, and back there when it is lost.
#include <optional>
#include <string>
#include <utility>

#include "net/loop.h"
#include "websocket/client.h"
#include "websocket/connection.h"

namespace duplex::websocket {

Connection::Connection(Group& group, const Url& url, ClientOptions options)
    : group_(group),
      id_(group.loop.mailbox().slots.allocate(this)),
      session_(group.role, group.sessionLimits) {
  noteReceived();
  setState(ReadyState::Connecting);
  group_.add(*this);
  try {
    extras().client = std::make_unique<Client>(url, std::move(options));
    dial();
  } catch (...) {
    group_.loop.mailbox().slots.release(id_);
    group_.remove(*this);
    if (extras_ != nullptr) group_.memory.extras.destroy(extras_);
    throw;
  }
}

void Connection::setDeadline(Milliseconds timeout) {
  if (timeout.count() > 0) {
    group_.loop.schedule(*this, timeout);
  } else {
    cancel();
  }
}

void Connection::dial() {
  Client& client = *extras_->client;
  extras_->url = client.url().href;
  setDeadline(client.options().connectTimeout);
  try {
    client.dial(group_.loop, [this](const Error& error, transport::Stream stream) {
      surviving([&] { connected(error, std::move(stream)); });
    });
  } catch (const TlsError& thrown) {
    fail(Error(Errc::TlsFailed, thrown.what()), Errc::TlsFailed);
  } catch (const SyntaxError& thrown) {
    fail(Error(Errc::ConnectFailed, thrown.what()), Errc::ConnectFailed);
  }
}

void Connection::connected(const Error& error, transport::Stream stream) {
  if (error.code) {
    fail(error, Errc::ConnectFailed);
    return;
  }
  setDeadline(extras_->client->options().handshakeTimeout);
  stream_ = std::move(stream);
  stream_.setHandler(*this);
  try {
    if (!extras_->client->handshake->startTls(stream_)) onConnected();
  } catch (const TlsError& thrown) {
    fail(Error(Errc::TlsFailed, thrown.what()), Errc::TlsFailed);
  }
}

/// There is nothing below it left to do: the connection is there, and with wss: its TLS.
void Connection::onConnected() {
  if (extras_ == nullptr || extras_->client == nullptr || extras_->client->handshake == nullptr) return;
  surviving([this] { stream_.output().append(extras_->client->handshake->request()); });
}

void Connection::onConnectingTimer() {
  Client& client = *extras_->client;
  if (client.waiting) {
    client.waiting.reset();
    dial();
    return;
  }
  const Errc error = stream_ ? Errc::HandshakeTimeout : Errc::ConnectTimeout;
  fail(Error(error), error);
}

MutableBytes Connection::readAnswer(MutableBytes bytes) {
  ClientHandshake::Answer answer = extras_->client->handshake->feed(bytes);
  if (!answer.complete) return {};
  if (!answer.location.empty() && extras_->client->options().maxRedirects > 0) {
    follow(answer.location);
    return {};
  }
  if (answer.refused) {
    fail(answer.error, Errc::HandshakeRefused);
    return {};
  }
  Client& client = *extras_->client;
  client.handshake.reset();
  extras_->protocol = std::move(answer.protocol);
  if (answer.deflate) compress(std::move(*answer.deflate));
  setState(ReadyState::Open);
  heartbeat();
  if (client.opened(group_.loop.now()) && client.onreopen) {
    guarded([&client] { client.onreopen(); });
  } else if (extras_->onopen) {
    guarded([this] { extras_->onopen(); });
  }
  if (extras_->waits) extras_->waits->opened();
  return bytes.subspan(answer.consumed);
}

/// On a connection of its own: what the server still sends on this one is nobody's.
void Connection::follow(const std::string& location) {
  try {
    extras_->client->redirect(location);
  } catch (const SyntaxError& error) {
    fail(Error(Errc::RedirectRefused, error.what()), Errc::RedirectRefused);
    return;
  }
  stream_.close();
  dial();
}

// --- connecting again

bool Connection::triesAgain() {
  if (extras_ == nullptr || extras_->client == nullptr) return false;
  const Error* const error = extras_->failed ? &extras_->error : nullptr;
  return extras_->client->triesAgain(extras_->closeEvent, error, group_.loop.now());
}

/// In the place of the end. What was of the connection goes; what is the application's stays.
void Connection::lose() noexcept {
  extras_->protocol.clear();
  extras_->progress = 0;
  extras_->discarded = 0;
  extras_->remote = {};
  extras_->peerEnded = false;
  extras_->closeEvent = {};
  extras_->failed = false;
  extras_->error = {};
}

/// A new connection, for nothing of the protocol's state is to outlive the old one.
void Connection::tryAgain() {
  if (!extras_->client->lost) return;
  Connection* successor = nullptr;
  surviving([&] { successor = group_.memory.connections.make(*this); });
  if (successor == nullptr) return;
  destroy();
  successor->surviving([&] { successor->waitForTry(); });
}

Connection::Connection(Connection& from)
    : group_(from.group_),
      extras_(std::exchange(from.extras_, nullptr)),
      id_(std::exchange(from.id_, {})),
      session_(group_.role, group_.sessionLimits) {
  // What was agreed on with the old one's server.
  extras_->compression.reset();
  group_.loop.mailbox().slots.replace(id_, this);
  noteReceived();
  setState(ReadyState::Connecting);
  group_.add(*this);
}

void Connection::waitForTry() {
  if (extras_->waits) extras_->waits->moveTo(*this);
  Client& client = *extras_->client;
  const ReconnectEvent event = *std::exchange(client.lost, std::nullopt);
  client.waiting.emplace(group_.loop);
  group_.loop.schedule(*this, event.delay);
  if (client.onreconnect) guarded([&] { client.onreconnect(event); });
}

}  // namespace duplex::websocket
