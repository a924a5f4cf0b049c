#pragma once

#include <string>

#include <duplex/tls.h>

#include "transport/tls_handles.h"

namespace duplex::transport {

/// Reading certificates and keys. A source is PEM itself, or the name of a file with PEM in it; all
/// throw TlsError, which names what is wrong with which source.

/// Gives `context` a certificate, the chain behind it, and its key.
void useIdentity(ssl_ctx_st* context, const TlsIdentity& identity);
/// Makes `context` trust the certificates of `source`; with `announced` clients are told their names.
void trust(ssl_ctx_st* context, const std::string& source, bool announced);
/// Tells `source` from itself with another content: of a file also when it was written last.
std::string versionOf(const std::string& source);

}  // namespace duplex::transport
