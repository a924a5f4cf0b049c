// How connections come to a shard, and how they go: the places they take, and what is said to those for
// which there is none.
#include <utility>

#include "app/shard.h"
#include "base/limits.h"

namespace duplex {
namespace {

/// Connections that are told at the same time that there is no room for them. Each waits some seconds for
/// its client; more are closed without a word.
constexpr std::size_t maxTurnedAway = 256;

/// What a socket has for a handler while nobody has it.
struct Nobody final : net::SocketHandler {
  void onData(MutableBytes) override {}
  void onEnd() override {}
  void onFailed(std::error_code) override {}
} nobody;

}  // namespace

/// The address that a connection takes a place of: none if it is a proxy's, which has many clients.
Address Shard::counted(const Address& peer) const noexcept {
  return shared_.proxies.trusts(peer) ? Address() : peer;
}

void Shard::report(const Error& error, const ErrorContext& where) noexcept {
  const int place = limitOf(error.code);
  if (place < 0) return shared_.tell(error, where);
  const auto index = static_cast<std::size_t>(place);
  counters_.exceeded[index].add();
  try {
    Error named = error;
    named.message.append(" (").append(limits()[index].name).append(")");
    shared_.tell(named, where);
  } catch (...) {
    shared_.tell(error, where);
  }
}

/// Of what is being handled, if there is memory for that.
void Shard::reportCurrent(const ErrorContext& where) noexcept {
  try {
    report(Error::current(), where);
  } catch (...) {
  }
}

void Shard::accept(const net::Accepted& accepted, transport::TlsServerContext* tls) noexcept {
  if (closing_) return loop_.discard(accepted);
  try {
    receive(accepted, tls);
  } catch (...) {
    reportCurrent({accepted.remote});
  }
}

void Shard::acceptFailed(std::error_code error) {
  counters_.acceptFailures.add();
  report(Error(error, "a connection could not be accepted"));
}

void Shard::receive(const net::Accepted& accepted, transport::TlsServerContext* tls) {
  net::Socket& socket = loop_.adopt(accepted, nobody);
  counters_.accepted.add();
  Errc refused{};
  try {
    refused = shared_.admissions.enter(counted(accepted.remote));
  } catch (...) {
    socket.close(true);
    throw;
  }
  if (refused != Errc{}) return turnAway(socket, tls, refused);
  const bool proxied = shared_.options.proxyProtocol && shared_.proxies.trusts(accepted.remote);
  proxied ? awaitHeader(socket, tls) : serve(socket, tls);
}

/// Makes a connection of `socket`, which has its place. If there is no memory for that the socket is closed,
/// the place given back, and it throws.
http::ServerConnection& Shard::keep(net::Socket& socket, Place place) {
  const Address peer = socket.remoteAddress();
  http::ServerConnection* connection = nullptr;
  try {
    // It owns itself, and says when it has ended.
    connection = new http::ServerConnection(context_, loop_, socket, place);
    connections_.insert(connection);
    return *connection;
  } catch (...) {
    if (connection != nullptr) {
      connection->abort();
    } else {
      socket.close(true);
      giveBack(place, peer);
    }
    throw;
  }
}

/// `early` has come already.
void Shard::serve(net::Socket& socket, transport::TlsServerContext* tls, MutableBytes early) {
  http::ServerConnection& connection = keep(socket, Place::Handshake);
  if (tls == nullptr) {
    if (!early.empty()) socket.handler().onData(early);
    return;
  }
  try {
    connection.startTls(*tls, early);
  } catch (...) {
    connection.abort();
    throw;
  }
}

void Shard::turnAway(net::Socket& socket, transport::TlsServerContext* tls, Errc error) {
  // A handshake of TLS would cost more than an answer is worth.
  if (tls == nullptr && turnedAway_ < maxTurnedAway) {
    ++turnedAway_;
    return keep(socket, Place::None).turnAway(error);
  }
  const Address peer = socket.remoteAddress();
  socket.close(true);
  report(Error(error), {peer});
}

// --- behind a proxy

void Shard::awaitHeader(net::Socket& socket, transport::TlsServerContext* tls) {
  transport::ProxyGate* gate = nullptr;
  try {
    gate = new transport::ProxyGate(loop_, socket, shared_.options.http.headerTimeout, *this);
    gates_.emplace(gate, Ref<transport::TlsServerContext>(tls));
  } catch (...) {
    if (gate != nullptr) {
      gate->abort();
    } else {
      socket.close(true);
      giveBack(Place::Handshake, Address());
    }
    throw;
  }
}

void Shard::passed(transport::ProxyGate& gate, net::Socket& socket, MutableBytes rest) {
  const auto waited = gates_.extract(&gate);
  transport::TlsServerContext* const tls = waited.mapped().get();
  const Address client = socket.remoteAddress();
  Errc refused{};
  try {
    refused = shared_.admissions.enterAddress(counted(client), Admissions::Stage::Handshake);
  } catch (...) {
    socket.close(true);
    giveBack(Place::Handshake, Address());
    return reportCurrent({client});
  }
  try {
    if (refused == Errc{}) return serve(socket, tls, rest);
    giveBack(Place::Handshake, Address());
    turnAway(socket, tls, refused);
  } catch (...) {
    reportCurrent({client});
  }
}

void Shard::failed(transport::ProxyGate& gate, Errc error) {
  gates_.erase(&gate);
  giveBack(Place::Handshake, Address());
  connectionGone();
  if (error != Errc{}) report(Error(error), {gate.peer()});
}

// --- the end

void Shard::giveBack(Place place, const Address& peer) noexcept {
  switch (place) {
    case Place::Handshake:
      shared_.admissions.greet(counted(peer));
      shared_.admissions.leave(counted(peer));
      return;
    case Place::Served:
      shared_.admissions.leave(counted(peer));
      return;
    case Place::Given:
      return;
    case Place::None:
      --turnedAway_;
      return;
  }
}

void Shard::ended(http::ServerConnection& connection) noexcept {
  connections_.erase(&connection);
  giveBack(connection.place(), connection.peer());
  connectionGone();
}

void Shard::socketEnded(const Address& peer) noexcept {
  --sockets_;
  counters_.ended.add();
  shared_.admissions.leave(counted(peer));
  connectionGone();
}

}  // namespace duplex
