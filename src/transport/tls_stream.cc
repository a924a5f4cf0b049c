#include "transport/tls_stream.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <string_view>
#include <utility>

#include <duplex/error.h>

#include "transport/tls_failure.h"
#include "transport/tls_subject.h"

namespace duplex::transport {
namespace {

// Encrypted bytes that are queued at most. What TLS says by itself comes on top of the sender's window: a
// peer makes it say that and does not read.
constexpr std::size_t maxQueued = 1024 * 1024;

constexpr std::string_view plainHttpAnswer =
    "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 36\r\n"
    "Connection: close\r\n\r\nThis port speaks TLS: use https/wss\n";

}  // namespace

// --- OpenSSL's way to the socket

struct TlsStream::Bio {
  static BIO* make(TlsStream& stream) {
    static BIO_METHOD* const method = makeMethod();
    BIO* bio = BIO_new(method);
    if (bio == nullptr) throw std::bad_alloc();
    BIO_set_data(bio, &stream);
    BIO_set_init(bio, 1);
    return bio;
  }

 private:
  static BIO_METHOD* makeMethod() {
    BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "duplex");
    if (method == nullptr) throw std::bad_alloc();
    BIO_meth_set_read(method, &read);
    BIO_meth_set_write(method, &write);
    BIO_meth_set_ctrl(method,
                      [](BIO*, int command, long, void*) -> long { return command == BIO_CTRL_FLUSH; });
    return method;
  }

  static int read(BIO* bio, char* to, int size) {
    TlsStream& stream = *static_cast<TlsStream*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    const std::size_t taken = std::min(static_cast<std::size_t>(size), stream.input_.size());
    if (taken == 0) {
      BIO_set_retry_read(bio);
      return -1;
    }
    std::memcpy(to, stream.input_.data(), taken);
    stream.input_ = stream.input_.subspan(taken);
    return static_cast<int>(taken);
  }

  /// OpenSSL is C: no exception may pass through it.
  static int write(BIO* bio, const char* from, int size) noexcept {
    TlsStream& stream = *static_cast<TlsStream*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    if (stream.replying_ && stream.socket_.queued() > maxQueued) {
      stream.overfull_ = true;
      return -1;
    }
    const std::string_view text(from, static_cast<std::size_t>(size));
    try {
      if (stream.replying_) {
        stream.buffers_.replies().append(text);
      } else {
        stream.socket_.output().append(text);
      }
      return size;
    } catch (const std::bad_alloc&) {
      stream.error_ = std::make_error_code(std::errc::not_enough_memory);
      stream.failure_ = "TLS";
      return -1;
    }
  }
};

// --- life

TlsStream::TlsStream(net::Socket& socket, Ref<TlsContext> context, SslPtr ssl)
    : socket_(socket),
      handler_(&socket.handler()),
      context_(std::move(context)),
      ssl_(std::move(ssl)),
      buffers_(socket.loop().local<TlsBuffers>()) {
  BIO* bio = Bio::make(*this);
  // For both directions; it belongs to `ssl_` from here on.
  SSL_set_bio(ssl_.get(), bio, bio);
  socket_.setHandler(*this);
  socket_.state().layered = true;
}

TlsStream::~TlsStream() = default;

void TlsStream::start(Bytes early) {
  if (!early.empty()) {
    held_.assign(early.begin(), early.end());
    socket_.loop().schedule(later_, socket_.loop().now());
  } else if (SSL_is_server(ssl_.get()) == 0) {
    stepHandshake();
    if (error_) socket_.loop().schedule(later_, socket_.loop().now());
  }
}

void TlsStream::close(bool reset) noexcept {
  const Busy busy(*this);
  if (closed_) return;
  closed_ = true;
  later_.cancel();
  if (gone_) return;
  if (!reset && connected_ && !shutDown_ && !error_ && queued() == 0) {
    replying_ = true;
    buffers_.replies().clear();
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
    try {
      socket_.write(asBytes(buffers_.replies()), {});
    } catch (const std::bad_alloc&) {
      // Then the peer is not told.
    }
    buffers_.replies().clear();
  }
  socket_.close(reset);
}

// --- receiving

/// As long as its handler may answer what has arrived; also if that throws.
class TlsStream::Receiving {
 public:
  explicit Receiving(TlsStream& stream) noexcept : stream_(stream) { stream_.receiving_ = true; }
  Receiving(const Receiving&) = delete;
  Receiving& operator=(const Receiving&) = delete;
  ~Receiving() { stream_.receiving_ = false; }

 private:
  TlsStream& stream_;
};

void TlsStream::onData(MutableBytes bytes) {
  const Busy busy(*this);
  try {
    if (!held_.empty()) {
      held_.insert(held_.end(), bytes.begin(), bytes.end());
    } else {
      receive(bytes);
    }
  } catch (...) {
    fail();
  }
}

/// Hands on what is in `bytes`, and sends what that is answered with.
void TlsStream::receive(Bytes bytes) {
  input_ = bytes;
  {
    const Receiving receiving(*this);
    if (connected_ || shakeHands()) {
      while (readOn()) {
      }
    }
  }
  if (!input_.empty() && open() && !ended_) held_.assign(input_.begin(), input_.end());
  input_ = {};
  // What more may come for in this turn waits for its end.
  if (open() && !socket_.state().dirty) pump();
}

/// True when it is done.
bool TlsStream::shakeHands() {
  if (stepHandshake()) {
    connected_ = true;
    if (notifyDrained_ || shuttingDown_) socket_.requestFlush();
    handler_->onConnected();
    return open();
  }
  if (error_) fail();
  return false;
}

bool TlsStream::stepHandshake() {
  replying_ = true;
  // The buffer is the loop's: what a stream left there that failed in the middle is nobody's.
  buffers_.replies().clear();
  ERR_clear_error();
  const int done = SSL_do_handshake(ssl_.get());
  if (done != 1 && SSL_get_error(ssl_.get(), done) != SSL_ERROR_WANT_READ) note();
  sendReplies();
  return done == 1;
}

/// Hands on what one buffer takes of it. False if there is no more.
bool TlsStream::readOn() {
  if (!open() || paused_ || ended_) return false;
  const MutableBytes arrived = buffers_.arrived();
  const std::size_t size = decrypt(arrived);
  const bool full = arrived.size() - size < maxTlsRecord;
  if (size != 0) handler_->onData(arrived.first(size));
  if (!open()) return false;
  if (error_) {
    fail();
  } else if (ended_) {
    end();
  }
  return full;
}

/// What it filled; notes the end, or an error, that stands behind it.
std::size_t TlsStream::decrypt(MutableBytes to) {
  std::size_t filled = 0;
  replying_ = true;
  buffers_.replies().clear();
  ERR_clear_error();
  while (to.size() - filled >= maxTlsRecord && (!input_.empty() || SSL_has_pending(ssl_.get()) == 1)) {
    std::size_t size = 0;
    if (SSL_read_ex(ssl_.get(), to.data() + filled, to.size() - filled, &size) == 1) {
      filled += size;
      continue;
    }
    const int why = SSL_get_error(ssl_.get(), 0);
    if (why == SSL_ERROR_ZERO_RETURN) {
      ended_ = true;
    } else if (why != SSL_ERROR_WANT_READ) {
      note();
    }
    break;
  }
  sendReplies();
  return filled;
}

/// Sends what OpenSSL has said by itself; its last words at once, for the socket is closed next.
void TlsStream::sendReplies() {
  replying_ = false;
  std::string& replies = buffers_.replies();
  if (replies.empty()) return;
  if (error_ && socket_.queued() == 0) {
    socket_.write(asBytes(replies), {});
  } else {
    socket_.output().append(replies);
  }
  replies.clear();
}

/// FIN without close_notify before it ends the stream as well: what goes over it, HTTP with lengths and
/// WebSocket with Close, knows by itself when something is missing (RFC 9112 §9.8).
void TlsStream::onEnd() {
  const Busy busy(*this);
  ended_ = true;
  try {
    if (held_.empty()) end();
  } catch (...) {
    fail();
  }
}

/// Not while paused: then `resume` sees to it.
void TlsStream::end() {
  if (!paused_ && !std::exchange(endTold_, true)) handler_->onEnd();
}

void TlsStream::pause() {
  paused_ = true;
  if (!gone_) socket_.pause();
}

void TlsStream::resume() {
  paused_ = false;
  if (gone_) return;
  socket_.resume();
  if (!held_.empty() || (ended_ && !endTold_)) socket_.loop().schedule(later_, socket_.loop().now());
}

/// What could not be done where it came up, in the middle of a call of the handler's: the failure of a
/// send, or the reading of what was held and of the end.
void TlsStream::later() {
  const Busy busy(*this);
  if (!open()) return;
  if (error_) return fail();
  if (paused_) return;
  const std::vector<std::byte> held = std::exchange(held_, {});
  const bool ended = std::exchange(ended_, false);
  try {
    receive(held);
    if (!open() || !ended) return;
    ended_ = true;
    if (held_.empty()) end();
  } catch (...) {
    fail();
  }
}

void TlsStream::onFailed(std::error_code error) {
  const Busy busy(*this);
  gone_ = true;
  later_.cancel();
  if (!closed_) handler_->onFailed(error);
}

// --- failing

/// Keeps what OpenSSL says of the call that failed; the first word counts.
void TlsStream::note() {
  const TlsFailure failure = takeTlsFailure(ssl_.get());
  if (error_) return;
  error_ = overfull_ ? make_error_code(Errc::BufferFull) : failure.code;
  failure_ = overfull_ ? "TLS" : failure.text;
  if (failure.plainHttp) buffers_.replies().append(plainHttpAnswer);
}

/// Of the error; where something threw, of want of memory, for handlers guard what is theirs.
void TlsStream::fail() {
  if (!open()) return;
  if (!error_) {
    error_ = std::make_error_code(std::errc::not_enough_memory);
    failure_ = "TLS";
  }
  // Tells this, and this the handler.
  socket_.loop().fail(socket_, error_);
}

// --- the peer

bool TlsStream::resumed() const noexcept {
  return SSL_session_reused(ssl_.get()) == 1;
}

std::string TlsStream::peerSubject() const {
  if (SSL_get_verify_mode(ssl_.get()) == SSL_VERIFY_NONE) return {};
  const CertificatePtr certificate(SSL_get1_peer_certificate(ssl_.get()));
  return certificate == nullptr ? std::string() : subjectOf(certificate.get());
}

}  // namespace duplex::transport
