#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/output_queue.h"
#include "base/ref.h"
#include "base/shared_bytes.h"
#include "net/alarm.h"
#include "net/loop.h"
#include "net/socket.h"
#include "transport/tls_buffers.h"
#include "transport/tls_context.h"
#include "transport/tls_handles.h"

namespace duplex::transport {

/// TLS over a socket: a stream with the interface of net::Socket, whose handler is told what the other
/// end says once it is decrypted. It takes the socket's handler for its own, and tells it `onConnected`
/// when the handshake is done.
///
/// OpenSSL reads from the back end's receive buffer and writes to the socket's queue. What is to be sent
/// waits, as long as the handshake lasts or the peer is slow, in a queue of plain text, where shared
/// frames stay shared; of what is encrypted no more is queued than keeps the kernel busy.
class TlsStream final : private net::SocketHandler {
 public:
  TlsStream(net::Socket& socket, Ref<TlsContext> context, SslPtr ssl);
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;

  /// Begins the handshake, with what has been read from the socket before. Calls no handler.
  void start(Bytes early);
  /// Closes it, and destroys it as soon as nothing runs in it. Without `reset` the peer gets close_notify,
  /// if that can leave at once.
  void close(bool reset) noexcept;

  void setHandler(net::SocketHandler& handler) noexcept { handler_ = &handler; }
  net::Socket& socket() const noexcept { return socket_; }
  OutputQueue& output();
  OutputQueue& sharedOutput();
  void share(const Ref<SharedBytes>& frame);
  [[nodiscard]] bool write(Bytes head, Bytes payload);
  std::size_t queued() const noexcept;
  std::size_t queuedPayload() const noexcept;
  std::uint32_t progress() const noexcept { return socket_.progress() + rounds_; }
  void notifyDrained();
  void pause();
  void resume();
  void shutdown();

  /// The handshake is done.
  bool ready() const noexcept { return connected_; }
  /// Why it failed, in words; empty if the socket did.
  const std::string& failure() const noexcept { return failure_; }
  /// The subject of the peer's certificate, which has been verified; empty if there is none.
  std::string peerSubject() const;
  /// Whether a session before was resumed.
  bool resumed() const noexcept;

 private:
  class Busy;
  class Receiving;
  struct Bio;
  ~TlsStream();

  void onData(MutableBytes bytes) override;
  void onEnd() override;
  void onDrained() override;
  void onFlush() override;
  void onFailed(std::error_code error) override;

  bool open() const noexcept { return !closed_ && !gone_; }
  void receive(Bytes bytes);
  bool shakeHands();
  bool stepHandshake();
  bool readOn();
  std::size_t decrypt(MutableBytes to);
  void end();
  void later();

  OutputQueue& queue();
  void pump();
  Bytes nextRecord();
  bool encrypt(Bytes bytes);
  void finishSending();
  void sendReplies();
  void note();
  void fail();

  // Gone with `close`, or after `onFailed` at the end of the turn.
  net::Socket& socket_;
  net::SocketHandler* handler_;
  const Ref<TlsContext> context_;
  const SslPtr ssl_;
  TlsBuffers& buffers_;
  // Plain text to be sent; null while there is none.
  std::unique_ptr<OutputQueue> plain_;
  // What has arrived and OpenSSL has not read; in `held_` what is kept of it while paused.
  Bytes input_;
  std::vector<std::byte> held_;
  std::error_code error_;
  std::string failure_;
  net::Alarm<TlsStream> later_{*this, &TlsStream::later};
  // Times that the peer has taken all that was encrypted, and there was more.
  std::uint32_t rounds_ = 0;
  int busy_ = 0;
  bool connected_ = false;
  bool receiving_ = false;
  // OpenSSL reads: what it says meanwhile are replies.
  bool replying_ = false;
  // It says more than the peer reads.
  bool overfull_ = false;
  bool paused_ = false;
  // The peer's end: it is known; the handler has been told of it.
  bool ended_ = false;
  bool endTold_ = false;
  bool notifyDrained_ = false;
  bool shuttingDown_ = false;
  bool shutDown_ = false;
  // The socket has failed; its owner has closed this.
  bool gone_ = false;
  bool closed_ = false;
};

/// Held by whatever enters a stream: the outermost destroys it when it has been closed meanwhile.
class TlsStream::Busy {
 public:
  explicit Busy(TlsStream& stream) noexcept : stream_(stream) { ++stream_.busy_; }
  Busy(const Busy&) = delete;
  Busy& operator=(const Busy&) = delete;
  ~Busy() {
    if (--stream_.busy_ == 0 && stream_.closed_) delete &stream_;
  }

 private:
  TlsStream& stream_;
};

}  // namespace duplex::transport
