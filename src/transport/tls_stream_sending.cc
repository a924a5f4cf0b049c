// What a TlsStream sends: plain text that waits, and its way into the socket's queue.
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/uio.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "transport/tls_stream.h"

namespace duplex::transport {
namespace {

// A piece of this size is a record of its own: to put it together with others would cost a copy.
constexpr std::size_t largePiece = maxTlsRecord / 2;
// Encrypted bytes that are queued: enough to keep the kernel busy.
constexpr std::size_t window = 256 * 1024;

}  // namespace

OutputQueue& TlsStream::queue() {
  if (plain_ == nullptr) plain_ = buffers_.takeQueue();
  return *plain_;
}

OutputQueue& TlsStream::output() {
  // What answers the stream's own data follows when its handler returns.
  if (!receiving_ && !gone_) socket_.requestFlush();
  return queue();
}

OutputQueue& TlsStream::sharedOutput() {
  if (!gone_) socket_.requestFlush();
  return queue();
}

void TlsStream::share(const Ref<SharedBytes>& frame) {
  OutputQueue& queued = sharedOutput();
  queued.append(frame);
  queued.endFrame(frame->payload());
}

bool TlsStream::write(Bytes head, Bytes payload) {
  std::size_t taken = 0;
  if (connected_ && open() && plain_ == nullptr && !socket_.state().blocked && !error_) {
    // The head goes with the beginning of what it heads.
    const MutableBytes record = buffers_.record();
    taken = std::min(payload.size(), maxTlsRecord - head.size());
    std::copy_n(payload.begin(), taken, std::copy(head.begin(), head.end(), record.begin()));
    bool good = encrypt(record.first(head.size() + taken));
    head = {};
    while (good && taken < payload.size() && socket_.queued() < window) {
      const std::size_t size = std::min(maxTlsRecord, payload.size() - taken);
      good = encrypt(payload.subspan(taken, size));
      taken += size;
    }
    if (taken == payload.size()) {
      if (good) socket_.output().endFrame(payload.size());
      return true;
    }
  }
  payload = payload.subspan(taken);
  try {
    OutputQueue& queued = output();
    std::byte* at = queued.extend(head.size() + payload.size());
    std::copy(payload.begin(), payload.end(), std::copy(head.begin(), head.end(), at));
    queued.endFrame(taken + payload.size());
    return true;
  } catch (const std::bad_alloc&) {
    if (taken == 0) throw;
    return false;
  }
}

std::size_t TlsStream::queued() const noexcept {
  return (plain_ == nullptr ? 0 : plain_->size()) + socket_.queued();
}

std::size_t TlsStream::queuedPayload() const noexcept {
  return (plain_ == nullptr ? 0 : plain_->payload()) + socket_.queuedPayload();
}

void TlsStream::notifyDrained() {
  notifyDrained_ = true;
  if (!gone_) socket_.requestFlush();
}

void TlsStream::shutdown() {
  shuttingDown_ = true;
  if (!gone_) socket_.requestFlush();
}

void TlsStream::onFlush() {
  const Busy busy(*this);
  try {
    pump();
  } catch (...) {
    fail();
  }
}

void TlsStream::onDrained() {
  const Busy busy(*this);
  if (!connected_) return;
  try {
    if (plain_ != nullptr && !plain_->empty()) {
      ++rounds_;
      // Its handler is told when that is gone, too.
      notifyDrained_ = true;
      pump();
      return;
    }
    notifyDrained_ = false;
    handler_->onDrained();
  } catch (...) {
    fail();
  }
}

/// Encrypts what is queued, as far as the window goes. What it adds to the socket's queue is flushed
/// after it.
void TlsStream::pump() {
  if (gone_ || closed_ || error_) return;
  if (connected_ && plain_ != nullptr) {
    while (!plain_->empty() && socket_.queued() < window) {
      const Bytes record = nextRecord();
      if (!encrypt(record)) return;
      const std::size_t payload = plain_->payload();
      plain_->consume(record.size());
      socket_.output().endFrame(payload - plain_->payload());
    }
    if (plain_->empty()) buffers_.giveBack(std::move(plain_));
  }
  const bool rest = plain_ != nullptr && !plain_->empty();
  if (connected_ && (rest || notifyDrained_)) socket_.state().notifyDrained = true;
  if (shuttingDown_ && !rest) finishSending();
}

/// The beginning of what is queued, in one place.
Bytes TlsStream::nextRecord() {
  iovec pieces[16];
  const std::size_t count = plain_->gather(pieces);
  const Bytes first(static_cast<const std::byte*>(pieces[0].iov_base), pieces[0].iov_len);
  if (count == 1 || first.size() >= largePiece) return first.first(std::min(first.size(), maxTlsRecord));
  const MutableBytes record = buffers_.record();
  std::size_t filled = 0;
  for (std::size_t i = 0; i < count && filled < maxTlsRecord; ++i) {
    const std::size_t size = std::min(pieces[i].iov_len, maxTlsRecord - filled);
    std::memcpy(record.data() + filled, pieces[i].iov_base, size);
    filled += size;
  }
  return record.first(filled);
}

bool TlsStream::encrypt(Bytes bytes) {
  std::size_t written = 0;
  ERR_clear_error();
  if (SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &written) == 1) return true;
  note();
  socket_.loop().schedule(later_, socket_.loop().now());
  return false;
}

void TlsStream::finishSending() {
  if (std::exchange(shutDown_, true)) return;
  if (connected_) {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
  }
  socket_.shutdown();
}

}  // namespace duplex::transport
