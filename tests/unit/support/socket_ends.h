#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <vector>

#include "net/loop.h"
#include "net/socket.h"
#include "support/loops.h"
#include "support/record.h"

namespace duplex::test {

inline const Address anyPort = Address::parse("127.0.0.1", 0);

struct End final : Record {
  net::Socket* socket = nullptr;

  void forget() override { socket = nullptr; }
};

/// A listener that adopts what it accepts.
struct Server final : net::AcceptHandler {
  explicit Server(net::Loop& on, const Address& address = anyPort)
      : loop(on), listening(on.listen(address, *this)) {}
  ~Server() {
    loop.stopListening(listening);
    for (const auto& end : ends) {
      if (end->socket != nullptr) end->socket->close();
    }
  }
  void onAccepted(net::Accepted accepted) override {
    ends.push_back(std::make_unique<End>());
    ends.back()->socket = &loop.adopt(accepted, *ends.back());
  }

  net::Loop& loop;
  net::Listening listening;
  std::vector<std::unique_ptr<End>> ends;
};

struct Pair {
  explicit Pair(net::Loop& loop, const Address& address = anyPort) : server(loop, address) {
    client.socket = &loop.connect(server.listening.address, client);
    REQUIRE(turnUntil(loop, [&] { return client.connected && !server.ends.empty(); }));
    peer = server.ends[0].get();
  }
  ~Pair() {
    if (client.socket != nullptr) client.socket->close();
  }

  Server server;
  End client;
  End* peer = nullptr;
};

}  // namespace duplex::test
