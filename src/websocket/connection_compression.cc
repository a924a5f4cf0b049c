// What a connection does that has agreed on compression (RFC 7692).
#include <memory>
#include <utility>

#include "websocket/connection.h"

namespace duplex::websocket {

void Connection::compress(protocol::DeflateAgreement agreement) {
  group_.special = true;
  if (protocol::PerMessageDeflate::keepsNothing(agreement.parameters)) {
    session_.use(group_.sharedCompression(agreement).limits);
    return;
  }
  std::unique_ptr<DedicatedCompression>& own = extras().compression;
  own = std::make_unique<DedicatedCompression>(group_.memory.compression, group_.role, group_.sessionLimits,
                                               std::move(agreement));
  session_.use(own->limits);
}

std::string_view Connection::extensions() const noexcept {
  const protocol::PerMessageDeflate* deflate = session_.deflate();
  return deflate == nullptr ? std::string_view() : std::string_view(deflate->agreement().header);
}

/// Whether it waits, has been dropped, or has been sent compressed; if not, it is to be sent as it is.
bool Connection::sentSpecially(protocol::Opcode type, Bytes payload, std::string_view key) {
  if (hasPolicy() && held(type, payload, key)) return true;
  if (!compresses(payload.size())) return false;
  const Bytes deflated = session_.deflate()->deflate(payload);
  if (deflated.empty()) return false;
  try {
    sendCompressed(type, deflated);
  } catch (...) {
    // What follows may not refer to what was never sent.
    session_.deflate()->forget();
    throw;
  }
  return true;
}

void Connection::sendCompressed(protocol::Opcode type, Bytes payload) {
  // A policy has been asked before, by the size that it had then; it may have got larger by a few bytes.
  if (!hasPolicy() && overLimit(payload.size())) return;
  countSent(payload.size());
  if (payload.size() >= directSize && !isClient()) {
    sendDirectly({.rsv = protocol::compressedBit, .opcode = type, .length = payload.size()}, payload);
  } else {
    session_.compressed(type, payload, stream_.output());
  }
  if (stream_.queued() > highWater) stream_.notifyDrained();
}

/// The same of a frame that many send.
bool Connection::sentSpecially(const Ref<SharedBytes>& frame, std::string_view key) {
  if (!compresses(frame->payload())) return hasPolicy() && held(frame, key);
  const Ref<SharedBytes> form = session_.deflate()->form(frame);
  if (!hasPolicy() || !held(form, key)) share(form);
  return true;
}

}  // namespace duplex::websocket
