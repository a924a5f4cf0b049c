#pragma once

#include <string>

struct x509_st;

namespace duplex::transport {

/// Whom `certificate` is for: its subject as in RFC 4514, "CN=ann,O=Example"; if that is empty the
/// alternative names (RFC 5280 §4.2.1.6),
/// "DNS:ann.example,email:ann@example.com,URI:spiffe://example/ann,IP:192.0.2.1", escaped like the subject;
/// if there are none of these either its SHA-256 fingerprint, "SHA256:…" in small hexadecimal digits. Never
/// empty, and never alike for two of these kinds. Throws std::bad_alloc.
std::string subjectOf(const x509_st* certificate);

}  // namespace duplex::transport
