#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/output_queue.h"
#include "net/loop.h"

namespace duplex::transport {

/// The payload of one record at most (RFC 8446 §5.1).
inline constexpr std::size_t maxTlsRecord = 16 * 1024;

/// What the TLS streams of one loop use in turn.
class TlsBuffers final : public net::Loop::Local {
 public:
  explicit TlsBuffers(net::Loop&) noexcept {}

  /// What arrives, decrypted; as much as a back end gives at once, and a record that had begun before.
  MutableBytes arrived();
  /// What makes up one record and lies in several places.
  MutableBytes record();
  /// What OpenSSL says by itself while it reads.
  std::string& replies() noexcept { return replies_; }
  std::unique_ptr<OutputQueue> takeQueue();
  /// It is empty.
  void giveBack(std::unique_ptr<OutputQueue> queue);

 private:
  std::unique_ptr<std::byte[]> arrived_;
  std::unique_ptr<std::byte[]> record_;
  std::string replies_;
  std::vector<std::unique_ptr<OutputQueue>> queues_;
};

}  // namespace duplex::transport
