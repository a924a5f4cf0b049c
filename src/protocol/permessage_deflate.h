#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/ref.h"
#include "base/shared_bytes.h"
#include "protocol/deflate_offer.h"
#include "protocol/deflater.h"
#include "protocol/inflate_window.h"
#include "protocol/inflater.h"
#include "protocol/opcode.h"
#include "protocol/scratch.h"

namespace duplex::protocol {

/// What one thread compresses and inflates with, for all connections that keep nothing between messages.
/// It takes its memory when it is first used.
struct DeflateTools {
  Inflater inflater;
  Deflater deflater{Deflater::History::None};
  Scratch deflated;
};

/// permessage-deflate (RFC 7692) as agreed on: what a `Session` inflates with, and what is asked for a
/// message's compressed form before it is sent.
///
/// Without context takeover it keeps nothing, and one is enough for all connections that agreed on the same;
/// else each has its own. For one thread, whose `tools` must outlive it.
class PerMessageDeflate {
 public:
  PerMessageDeflate(DeflateTools& tools, Role role, DeflateAgreement agreement);
  PerMessageDeflate(const PerMessageDeflate&) = delete;
  PerMessageDeflate& operator=(const PerMessageDeflate&) = delete;

  /// Whether many connections can share it.
  static bool keepsNothing(const DeflateParameters& agreed) noexcept {
    return !agreed.serverTakeover && !agreed.clientTakeover;
  }
  const DeflateAgreement& agreement() const noexcept { return agreement_; }

  /// The message that `payload` is compressed. The result is good until the thread's next.
  Inflater::Result inflate(Bytes payload, std::size_t limit);

  /// `message` compressed, as the next that is sent; good until the thread's next. Empty: it is to be sent
  /// as it is, for it would get larger.
  Bytes deflate(Bytes message);
  /// The same, for a message that may not be sent after all, or be sent later: it refers to no other, and
  /// no other to it.
  Bytes deflateAlone(Bytes message);
  /// The compressed form of a server's data frame, which is made once for all who can read it; the frame
  /// itself where it would get larger.
  Ref<SharedBytes> form(const Ref<SharedBytes>& frame);

  /// What is sent next refers to nothing before it.
  void forget() noexcept { own_.forget(); }
  /// Gives back the memory that is not needed to understand what the peer sends next. What is sent
  /// next refers to nothing before it.
  void trim();
  /// Whether it has been used since the last `trim` or `wasUsed`.
  bool wasUsed() noexcept { return std::exchange(used_, false); }
  /// Bytes of memory beside its own.
  std::size_t memory() const noexcept;

 private:
  Bytes deflateByTools(Bytes message);

  DeflateTools& tools_;
  const DeflateAgreement agreement_;
  const int windowBits_;
  const bool takeover_;
  bool used_ = false;
  // With takeover.
  Deflater own_{Deflater::History::Kept};
  std::optional<InflateWindow> window_;
};

}  // namespace duplex::protocol
