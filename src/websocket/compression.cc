#include "websocket/compression.h"

#include <stdexcept>
#include <utility>

namespace duplex::websocket {
namespace {

// What has not been used from one sweep to the next is idle.
constexpr Milliseconds sweepInterval{10'000};
// Connections that a sweep looks at in one turn.
constexpr int mostInATurn = 1'000;

bool isWindow(int bits) noexcept {
  return bits >= protocol::minWindowBits && bits <= protocol::maxWindowBits;
}

}  // namespace

void checkCompression(const Compression& compression) {
  if (isWindow(compression.windowBits) && isWindow(compression.peerWindowBits)) return;
  throw std::invalid_argument("compression: a window has 8 to 15 bits");
}

protocol::DeflatePolicy deflatePolicy(const Compression& compression) noexcept {
  const bool takeover = compression.mode == Compression::Dedicated;
  return {.takeover = takeover,
          .peerTakeover = takeover,
          .windowBits = compression.windowBits,
          .peerWindowBits = compression.peerWindowBits};
}

AgreedCompression::AgreedCompression(protocol::DeflateTools& tools, protocol::Role role,
                                     const protocol::SessionLimits& within,
                                     protocol::DeflateAgreement agreement)
    : deflate(tools, role, std::move(agreement)), limits(within) {
  limits.deflate = &deflate;
}

DedicatedCompression::DedicatedCompression(CompressionMemory& memory, protocol::Role role,
                                           const protocol::SessionLimits& within,
                                           protocol::DeflateAgreement agreement)
    : AgreedCompression(memory.tools, role, within, std::move(agreement)), memory_(memory) {
  memory_.add(*this);
}

DedicatedCompression::~DedicatedCompression() {
  memory_.remove(*this);
}

void CompressionMemory::add(DedicatedCompression& compression) noexcept {
  if (first_ == nullptr) loop_.schedule(sweep_, sweepInterval);
  compression.next_ = first_;
  if (first_ != nullptr) first_->previous_ = &compression;
  first_ = &compression;
}

void CompressionMemory::remove(DedicatedCompression& compression) noexcept {
  DedicatedCompression* const next = compression.next_;
  DedicatedCompression* const previous = compression.previous_;
  if (next != nullptr) next->previous_ = previous;
  (previous != nullptr ? previous->next_ : first_) = next;
  if (at_ == &compression) at_ = next;
  if (first_ != nullptr) return;
  sweep_.cancel();
  sweeping_ = false;
}

void CompressionMemory::sweep() {
  if (!sweeping_) at_ = first_;
  for (int i = 0; i < mostInATurn && at_ != nullptr; ++i, at_ = at_->next_) {
    if (!at_->deflate.wasUsed()) at_->deflate.trim();
  }
  sweeping_ = at_ != nullptr;
  loop_.schedule(sweep_, sweeping_ ? Milliseconds(0) : sweepInterval);
}

std::size_t CompressionMemory::used() const noexcept {
  std::size_t sum = 0;
  for (const DedicatedCompression* each = first_; each != nullptr; each = each->next_)
    sum += each->deflate.memory();
  return sum;
}

}  // namespace duplex::websocket
