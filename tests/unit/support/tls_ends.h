#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "net/loop.h"
#include "support/certificates.h"
#include "support/loops.h"
#include "support/record.h"
#include "transport/stream.h"
#include "transport/tls_client.h"
#include "transport/tls_context.h"

namespace duplex::test {

/// One end of a connection over TLS.
struct TlsEnd final : Record {
  transport::Stream stream;
  std::string why;

  void forget() override {
    why = stream.failure();
    stream.forget();
  }
};

/// Listens, and speaks TLS with whoever comes.
struct TlsServer final : net::AcceptHandler {
  TlsServer(net::Loop& on, const TlsOptions& options, transport::TicketKeys::Now now = &Clock::now)
      : loop(on),
        context(Ref<transport::TlsServerContext>::adopt(new transport::TlsServerContext(options, now))),
        listening(on.listen(Address::parse("127.0.0.1", 0), *this)) {}
  ~TlsServer() { loop.stopListening(listening); }

  void onAccepted(net::Accepted accepted) override {
    auto& end = *ends.emplace_back(std::make_unique<TlsEnd>());
    end.stream = transport::Stream(loop.adopt(accepted, end));
    end.stream.startTls(*context);
  }

  net::Loop& loop;
  Ref<transport::TlsServerContext> context;
  net::Listening listening;
  std::vector<std::unique_ptr<TlsEnd>> ends;
};

/// Connects, and starts TLS as it is told.
struct TlsClient final : net::SocketHandler {
  using Start = Function<void(transport::Stream&)>;

  TlsClient(net::Loop& loop, const Address& address, Start onConnection) : start(std::move(onConnection)) {
    end.stream = transport::Stream(loop.connect(address, *this));
  }
  TlsClient(net::Loop& loop, const TlsServer& server, const TlsClientOptions& options,
            const std::string& host = "localhost")
      : TlsClient(loop, server.listening.address,
                  [context = loop.local<transport::TlsClients>().context(options),
                   host](transport::Stream& stream) { stream.startTls(*context, host, 1); }) {}

  void onConnected() override {
    end.stream.setHandler(end);
    start(end.stream);
  }
  void onData(MutableBytes) override {}
  void onEnd() override {}
  void onFailed(std::error_code error) override { end.onFailed(error); }

  Start start;
  TlsEnd end;
};

/// What trusts the authority of the tests.
inline TlsClientOptions trusting() {
  return {.ca = Identities::get().authority.cert()};
}

/// Two ends, the handshake between which is done.
struct TlsPair {
  explicit TlsPair(net::Loop& loop, const TlsOptions& server = Identities::get().localhost.server(),
                   const TlsClientOptions& options = trusting())
      : listener(loop, server), connecting(loop, listener, options), client(connecting.end) {
    REQUIRE(turnUntil(loop, [&] { return client.connected && !listener.ends.empty() && peer().connected; }));
  }
  TlsEnd& peer() { return *listener.ends[0]; }

  TlsServer listener;
  TlsClient connecting;
  TlsEnd& client;
};

}  // namespace duplex::test
