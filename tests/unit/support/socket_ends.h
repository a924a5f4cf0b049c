#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <random>
#include <string>
#include <system_error>
#include <vector>

#include "net/loop.h"
#include "net/socket.h"
#include "support/loops.h"

namespace duplex::test {

inline const Address anyPort = Address::parse("127.0.0.1", 0);

/// Keeps a record of what happens to a socket.
struct End final : net::SocketHandler {
  net::Socket* socket = nullptr;
  std::string received;
  bool connected = false;
  bool ended = false;
  bool failed = false;
  int drained = 0;
  std::error_code error;
  Function<void()> onDataHook;

  void onConnected() override { connected = true; }
  void onData(MutableBytes bytes) override {
    received += asText(bytes);
    if (onDataHook) onDataHook();
  }
  void onEnd() override { ended = true; }
  void onDrained() override { ++drained; }
  void onFailed(std::error_code why) override {
    failed = true;
    error = why;
    socket = nullptr;
  }
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

inline std::string randomText(std::size_t size) {
  std::mt19937 random(static_cast<unsigned>(size));
  std::string text(size, ' ');
  for (char& c : text) c = static_cast<char>('a' + random() % 26);
  return text;
}

}  // namespace duplex::test
