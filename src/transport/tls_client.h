#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <duplex/tls.h>

#include "base/ref.h"
#include "net/loop.h"
#include "transport/tls_context.h"

namespace duplex::transport {

/// Whom a client trusts and who it is, and the sessions that servers have let it resume. For one loop's
/// thread.
class TlsClientContext final : public TlsContext {
 public:
  /// Throws TlsError.
  explicit TlsClientContext(const TlsClientOptions& options);

  /// A connection's part, to `host`, a name or an IP address, at `port`. Throws std::bad_alloc, or TlsError
  /// for a host that cannot be one's name.
  SslPtr connect(const std::string& host, std::uint16_t port);

 private:
  static int keepSession(ssl_st* ssl, ssl_session_st* session);
  void resume(ssl_st* ssl, const std::string& peer);

  SslContextPtr context_;
  const std::string serverName_;
  const bool verify_;
  // Of each peer the latest.
  std::map<std::string, SessionPtr, std::less<>> sessions_;
};

/// The contexts of a loop's clients, for they cost a reading of all that the system trusts.
class TlsClients final : public net::Loop::Local {
 public:
  explicit TlsClients(net::Loop&) noexcept {}

  /// The one for `options`, as the files that these name are now. Throws TlsError.
  Ref<TlsClientContext> context(const TlsClientOptions& options);

 private:
  // The one that was used last comes last.
  std::vector<std::pair<std::string, Ref<TlsClientContext>>> contexts_;
};

}  // namespace duplex::transport
