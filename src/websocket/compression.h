#pragma once

#include <cstddef>

#include <duplex/compression.h>

#include "net/alarm.h"
#include "net/loop.h"
#include "protocol/deflate_offer.h"
#include "protocol/permessage_deflate.h"
#include "protocol/session.h"

namespace duplex::websocket {

/// Throws std::invalid_argument for a size of a window that does not exist.
void checkCompression(const Compression& compression);

/// What an end with `compression`, which is not Off, wants.
protocol::DeflatePolicy deflatePolicy(const Compression& compression) noexcept;

/// What connections refer to that agreed on compression: one that keeps messages for the next ones to refer
/// to has its own, others share it.
struct AgreedCompression {
  AgreedCompression(protocol::DeflateTools& tools, protocol::Role role, const protocol::SessionLimits& within,
                    protocol::DeflateAgreement agreement);
  AgreedCompression(const AgreedCompression&) = delete;
  AgreedCompression& operator=(const AgreedCompression&) = delete;

  protocol::PerMessageDeflate deflate;
  /// For the sessions; those of the group, and `deflate`.
  protocol::SessionLimits limits;
};

class CompressionMemory;

/// That of one connection.
struct DedicatedCompression final : AgreedCompression {
  DedicatedCompression(CompressionMemory& memory, protocol::Role role, const protocol::SessionLimits& within,
                       protocol::DeflateAgreement agreement);
  ~DedicatedCompression();

 private:
  friend class CompressionMemory;
  CompressionMemory& memory_;
  DedicatedCompression* next_ = nullptr;
  DedicatedCompression* previous_ = nullptr;
};

/// What the connections of one loop compress with, and those that have memory of their own for it, which
/// give most of it back when they are idle.
class CompressionMemory {
 public:
  explicit CompressionMemory(net::Loop& loop) noexcept : loop_(loop) {}
  CompressionMemory(const CompressionMemory&) = delete;
  CompressionMemory& operator=(const CompressionMemory&) = delete;

  protocol::DeflateTools tools;

  /// Bytes that connections have, beside their objects.
  std::size_t used() const noexcept;

 private:
  friend struct DedicatedCompression;
  void add(DedicatedCompression& compression) noexcept;
  void remove(DedicatedCompression& compression) noexcept;
  void sweep();

  net::Loop& loop_;
  DedicatedCompression* first_ = nullptr;
  // The next to be looked at, in a sweep that takes more than one turn.
  DedicatedCompression* at_ = nullptr;
  bool sweeping_ = false;
  net::Alarm<CompressionMemory> sweep_{*this, &CompressionMemory::sweep};
};

}  // namespace duplex::websocket
