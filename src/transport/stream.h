#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "net/socket.h"

namespace duplex::transport {

/// A connection's byte stream: a socket, as it is. Owns it; when the stream goes, the socket is
/// closed.
class Stream {
 public:
  Stream() noexcept = default;
  explicit Stream(net::Socket& socket) noexcept : socket_(&socket) {}
  Stream(Stream&& other) noexcept : socket_(std::exchange(other.socket_, nullptr)) {}
  Stream& operator=(Stream&& other) noexcept {
    if (this != &other) {
      close();
      socket_ = std::exchange(other.socket_, nullptr);
    }
    return *this;
  }
  ~Stream() { close(); }

  explicit operator bool() const noexcept { return socket_ != nullptr; }

  void setHandler(net::SocketHandler& handler) noexcept { socket_->setHandler(handler); }
  net::Loop& loop() const noexcept { return socket_->loop(); }
  const Address& remoteAddress() const noexcept { return socket_->remoteAddress(); }
  /// Whether what is sent cannot be read on the way (TLS).
  bool secure() const noexcept { return false; }

  /// See net::Socket.
  OutputQueue& output() { return socket_->output(); }
  OutputQueue& sharedOutput() { return socket_->sharedOutput(); }
  void share(const Ref<SharedBytes>& frame) { socket_->share(frame); }
  void write(Bytes head, Bytes body) { socket_->write(head, body); }
  std::size_t queued() const noexcept { return socket_ == nullptr ? 0 : socket_->queued(); }
  std::size_t queuedPayload() const noexcept { return socket_ == nullptr ? 0 : socket_->queuedPayload(); }
  std::uint32_t progress() const noexcept { return socket_ == nullptr ? 0 : socket_->progress(); }
  void notifyDrained() { socket_->notifyDrained(); }
  void pause() { socket_->pause(); }
  void resume() { socket_->resume(); }
  void shutdown() { socket_->shutdown(); }
  void close(bool reset = false) {
    if (socket_ != nullptr) std::exchange(socket_, nullptr)->close(reset);
  }
  /// To be called in `onFailed`: the socket is gone already.
  void forget() noexcept { socket_ = nullptr; }

 private:
  net::Socket* socket_ = nullptr;
};

}  // namespace duplex::transport
