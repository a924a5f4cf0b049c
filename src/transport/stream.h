#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <string>
#include <string_view>
#include <utility>

#include "net/socket.h"
#include "transport/tls_stream.h"

namespace duplex::transport {

class TlsClientContext;
class TlsServerContext;

/// A connection's byte stream: a socket as it is, or TLS over one. Owns it; when the stream goes, the
/// connection is closed.
class Stream {
 public:
  Stream() noexcept = default;
  explicit Stream(net::Socket& socket) noexcept : link_(reinterpret_cast<std::uintptr_t>(&socket)) {}
  Stream(Stream&& other) noexcept : link_(std::exchange(other.link_, 0)) {}
  Stream& operator=(Stream&& other) noexcept {
    if (this != &other) {
      close();
      link_ = std::exchange(other.link_, 0);
    }
    return *this;
  }
  ~Stream() { close(); }

  explicit operator bool() const noexcept { return link_ != 0; }

  /// From here on it is TLS, with `context` for all that concerns certificates. Its handler is told
  /// `onConnected` when the handshake is done; what is written before waits for that. `early` is what the
  /// peer has sent of it, if something else has been read from the stream before.
  void startTls(TlsServerContext& context, Bytes early = {});
  /// The same for a client, to `host`. Throws TlsError for what cannot be a host's name.
  void startTls(TlsClientContext& context, const std::string& host, std::uint16_t port);
  /// The same with a part of `context` that has been made already.
  void startTls(Ref<TlsContext> context, SslPtr ssl, Bytes early = {});

  void setHandler(net::SocketHandler& handler) noexcept {
    secure() ? tls().setHandler(handler) : socket().setHandler(handler);
  }
  net::Loop& loop() const noexcept { return socketBelow().loop(); }
  const Address& remoteAddress() const noexcept { return socketBelow().remoteAddress(); }
  void setRemoteAddress(const Address& address) noexcept { socketBelow().setRemoteAddress(address); }
  /// The socket, also that below TLS.
  net::Socket& socketBelow() const noexcept { return secure() ? tls().socket() : socket(); }
  /// Whether what is sent cannot be read on the way (TLS).
  bool secure() const noexcept { return (link_ & tlsBit) != 0; }
  /// False as long as the handshake of TLS lasts.
  bool ready() const noexcept { return !secure() || tls().ready(); }
  /// The subject of the peer's certificate, which has been verified: "CN=ann,O=Example" (RFC 4514); empty
  /// if there is none.
  std::string peerSubject() const { return secure() ? tls().peerSubject() : std::string(); }
  /// Whether the handshake of TLS went on from a session before.
  bool resumed() const noexcept { return secure() && tls().resumed(); }
  /// In `onFailed`: why, in words, where the error alone does not tell.
  std::string failure() const { return secure() ? tls().failure() : std::string(); }

  /// See net::Socket.
  OutputQueue& output() { return secure() ? tls().output() : socket().output(); }
  OutputQueue& sharedOutput() { return secure() ? tls().sharedOutput() : socket().sharedOutput(); }
  void share(const Ref<SharedBytes>& frame) { secure() ? tls().share(frame) : socket().share(frame); }
  /// Queues a frame, of which `payload` is an application's. What the kernel takes at once is not copied;
  /// nor is the rest if `hold()` tells what memory it lies in, a Ref<SharedBytes> that may be null, and it
  /// is the larger part of that. Throws std::bad_alloc, and nothing has been written; false if memory ran
  /// out when a part had been, so that nothing good can follow.
  template <class Hold>
  [[nodiscard]] bool write(Bytes head, Bytes payload, Hold&& hold) {
    if (secure()) return tls().write(head, payload);
    const std::size_t taken = socket().writeNow(head, payload);
    if (taken == head.size() + payload.size()) return true;
    try {
      queueRest(head, payload, taken, hold());
      return true;
    } catch (const std::bad_alloc&) {
      if (taken == 0) throw;
      return false;
    }
  }
  /// With TLS, what is not encrypted yet and what is.
  std::size_t queued() const noexcept {
    if (secure()) return tls().queued();
    return link_ == 0 ? 0 : socket().queued();
  }
  std::size_t queuedPayload() const noexcept {
    if (secure()) return tls().queuedPayload();
    return link_ == 0 ? 0 : socket().queuedPayload();
  }
  std::uint32_t progress() const noexcept {
    if (secure()) return tls().progress();
    return link_ == 0 ? 0 : socket().progress();
  }
  void notifyDrained() { secure() ? tls().notifyDrained() : socket().notifyDrained(); }
  /// Does nothing with TLS, whose plain text is elsewhere anyway.
  void offerRoom(bool offered) noexcept {
    if (!secure()) socket().offerRoom(offered);
  }
  void pause() { secure() ? tls().pause() : socket().pause(); }
  void resume() { secure() ? tls().resume() : socket().resume(); }
  void shutdown() { secure() ? tls().shutdown() : socket().shutdown(); }
  void close(bool reset = false) {
    if (link_ == 0) return;
    secure() ? take().tls().close(reset) : take().socket().close(reset);
  }
  /// To be called in `onFailed`: the socket is gone already.
  void forget() noexcept {
    if (secure()) close(true);
    link_ = 0;
  }

 private:
  // Set in what is no address of a socket, but of a TlsStream.
  static constexpr std::uintptr_t tlsBit = 1;

  struct Link {
    std::uintptr_t bits;
    TlsStream& tls() const noexcept { return *reinterpret_cast<TlsStream*>(bits & ~tlsBit); }
    net::Socket& socket() const noexcept { return *reinterpret_cast<net::Socket*>(bits); }
  };
  Link take() noexcept { return {std::exchange(link_, 0)}; }
  void queueRest(Bytes head, Bytes payload, std::size_t taken, Ref<SharedBytes> memory);
  TlsStream& tls() const noexcept { return Link{link_}.tls(); }
  net::Socket& socket() const noexcept { return Link{link_}.socket(); }

  std::uintptr_t link_ = 0;
};

}  // namespace duplex::transport
