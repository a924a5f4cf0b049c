#pragma once

#include <string>
#include <string_view>
#include <system_error>

#include "net/loop.h"

namespace duplex::test {

/// A connection that sends what it is told and keeps what comes: a client, or an attacker.
class RawClient final : net::SocketHandler {
 public:
  RawClient(net::Loop& loop, const Address& address) : socket_(&loop.connect(address, *this)) {}
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;
  ~RawClient() { close(); }

  void send(std::string_view text) {
    if (socket_ != nullptr) socket_->output().append(text);
  }
  void shutdown() {
    if (socket_ != nullptr) socket_->shutdown();
  }
  void pause() { socket_->pause(); }
  void resume() { socket_->resume(); }
  void close(bool reset = false) {
    if (socket_ != nullptr) std::exchange(socket_, nullptr)->close(reset);
  }
  bool over() const noexcept { return ended || socket_ == nullptr; }

  std::string received;
  bool connected = false;
  bool ended = false;

 private:
  void onConnected() override { connected = true; }
  void onData(MutableBytes bytes) override { received += asText(bytes); }
  void onEnd() override { ended = true; }
  void onFailed(std::error_code) override { socket_ = nullptr; }

  net::Socket* socket_;
};

/// The handshake of RFC 6455 §1.3 for `path`, with further header lines.
inline std::string upgradeRequest(std::string_view path = "/", std::string_view headers = {}) {
  return "GET " + std::string(path) +
         " HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n" +
         std::string(headers) + "\r\n";
}

/// A masked frame with a payload below 126 bytes, as a client sends it.
inline std::string clientFrame(unsigned char first, std::string_view payload) {
  const char key[] = {1, 2, 3, 4};
  std::string frame{static_cast<char>(first), static_cast<char>(0x80 | payload.size())};
  frame.append(key, 4);
  for (std::size_t i = 0; i < payload.size(); ++i) frame += static_cast<char>(payload[i] ^ key[i % 4]);
  return frame;
}

}  // namespace duplex::test
