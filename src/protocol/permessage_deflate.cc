#include "protocol/permessage_deflate.h"

#include <algorithm>
#include <utility>

#include "protocol/session.h"

namespace duplex::protocol {

PerMessageDeflate::PerMessageDeflate(DeflateTools& tools, Role role, DeflateAgreement agreement)
    : tools_(tools),
      agreement_(std::move(agreement)),
      windowBits_(role == Role::Server ? agreement_.parameters.serverWindowBits
                                       : agreement_.parameters.clientWindowBits),
      takeover_(role == Role::Server ? agreement_.parameters.serverTakeover
                                     : agreement_.parameters.clientTakeover) {
  const DeflateParameters& agreed = agreement_.parameters;
  const bool peerTakeover = role == Role::Server ? agreed.clientTakeover : agreed.serverTakeover;
  const int peerBits = role == Role::Server ? agreed.clientWindowBits : agreed.serverWindowBits;
  // Those who compress by zlib take 9 for 8.
  if (peerTakeover) window_.emplace(std::max(peerBits, 9));
}

Inflater::Result PerMessageDeflate::inflate(Bytes payload, std::size_t limit) {
  used_ = true;
  return tools_.inflater.inflate(payload, limit, window_ ? &*window_ : nullptr);
}

Bytes PerMessageDeflate::deflate(Bytes message) {
  if (message.empty()) return {};
  if (!takeover_) return deflateByTools(message);
  used_ = true;
  // It is sent even if it got larger, by a few bytes: the next ones may refer to it.
  return own_.deflate(message, windowBits_, tools_.deflated);
}

Bytes PerMessageDeflate::deflateAlone(Bytes message) {
  // The peer's window moves on by what ours does not know.
  own_.forget();
  return deflateByTools(message);
}

Bytes PerMessageDeflate::deflateByTools(Bytes message) {
  if (message.empty()) return {};
  const Bytes deflated = tools_.deflater.deflate(message, windowBits_, tools_.deflated);
  return deflated.size() < message.size() ? deflated : Bytes();
}

Ref<SharedBytes> PerMessageDeflate::form(const Ref<SharedBytes>& frame) {
  Ref<SharedBytes> form = frame->form(static_cast<std::uint32_t>(windowBits_), [&] {
    const DecodedHeader head = decodeHeader(frame->bytes());
    const Bytes deflated = deflateByTools(frame->bytes().subspan(head.size));
    // An empty one stands for none.
    return deflated.empty() ? Ref<SharedBytes>::adopt(new SharedBytes(0))
                            : frameForAll(head.header.opcode, deflated, true);
  });
  if (form->size() == 0) return frame;
  own_.forget();
  return form;
}

void PerMessageDeflate::trim() {
  own_.release();
  if (window_) window_->trim();
}

std::size_t PerMessageDeflate::memory() const noexcept {
  return own_.memory() + (window_ ? window_->memory() : 0);
}

}  // namespace duplex::protocol
