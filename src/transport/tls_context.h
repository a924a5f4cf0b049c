#pragma once

#include <string>
#include <vector>

#include <duplex/tls.h>

#include "base/ref.h"
#include "transport/tls_handles.h"
#include "transport/tls_tickets.h"

namespace duplex::transport {

/// What many TLS connections have in common. Outlives them: each holds a count.
class TlsContext : public RefCounted<TlsContext> {
 public:
  virtual ~TlsContext() = default;

 protected:
  TlsContext() = default;
};

/// A server's certificates, and what it demands of its clients. Immutable but for the keys of its tickets,
/// and for any thread.
class TlsServerContext final : public TlsContext {
 public:
  /// Throws TlsError. By `now` the keys of tickets change.
  explicit TlsServerContext(const TlsOptions& options, TicketKeys::Now now = &Clock::now);

  /// A connection's part. Throws std::bad_alloc.
  SslPtr accept() const;

 private:
  static int chooseCertificate(ssl_st* ssl, int* alert, void* self);

  // First, for the contexts refer to it.
  TicketKeys tickets_;
  // One a certificate, with all the same options.
  std::vector<SslContextPtr> contexts_;
};

/// With what holds for servers and clients alike. Throws std::bad_alloc, or TlsError for `ciphers`.
SslContextPtr makeSslContext(bool server, TlsVersion minVersion, const std::string& ciphers);

}  // namespace duplex::transport
