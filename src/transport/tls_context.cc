#include "transport/tls_context.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cstring>
#include <new>
#include <string_view>
#include <utility>

#include "transport/tls_failure.h"
#include "transport/tls_pem.h"

namespace duplex::transport {
namespace {

// Forward secrecy and authenticated encryption; what TLS 1.3 has anyway.
constexpr const char* goodCiphers = "ECDHE+AESGCM:ECDHE+CHACHA20";
// In the wire's form (RFC 7301 §3.1).
constexpr std::string_view protocols = "\x08http/1.1";
// Of clients that take no tickets.
constexpr long cachedSessions = 4096;

/// We speak http/1.1; a client that speaks only others is told so (RFC 7301 §3.2).
int chooseProtocol(SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
                   unsigned int offeredSize, void*) {
  std::string_view list(reinterpret_cast<const char*>(offered), offeredSize);
  while (!list.empty()) {
    const auto length = static_cast<unsigned char>(list.front());
    const std::string_view entry = list.substr(0, 1u + length);
    if (entry == protocols) {
      *chosen = reinterpret_cast<const unsigned char*>(entry.data()) + 1;
      *size = length;
      return SSL_TLSEXT_ERR_OK;
    }
    list.remove_prefix(entry.size());
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

void setSessions(SSL_CTX* context, std::chrono::seconds lifetime) {
  constexpr std::string_view name = "duplex";
  // Without a name a session that has a client's certificate is refused. One server's contexts do not know
  // another's sessions, whatever their names are: each server has keys of its own.
  SSL_CTX_set_session_id_context(context, reinterpret_cast<const unsigned char*>(name.data()),
                                 static_cast<unsigned>(name.size()));
  if (lifetime.count() > 0) {
    SSL_CTX_set_timeout(context, static_cast<long>(lifetime.count()));
    SSL_CTX_sess_set_cache_size(context, cachedSessions);
  } else {
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(context, 0);
  }
}

void askForCertificates(SSL_CTX* context, const TlsOptions& options) {
  if (options.clientCertificate == ClientCertificate::None) return;
  if (options.ca.empty()) {
    throw TlsError("TLS: clients are asked for certificates, but nobody vouches for them: set 'ca'");
  }
  trust(context, options.ca, true);
  const bool required = options.clientCertificate == ClientCertificate::Require;
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | (required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), nullptr);
}

SslContextPtr makeServerContext(const TlsOptions& options, const TlsIdentity& identity) {
  SslContextPtr context = makeSslContext(true, options.minVersion, options.ciphers);
  useIdentity(context.get(), identity);
  askForCertificates(context.get(), options);
  setSessions(context.get(), options.sessionLifetime);
  SSL_CTX_set_alpn_select_cb(context.get(), &chooseProtocol, nullptr);
  return context;
}

}  // namespace

SslContextPtr makeSslContext(bool server, TlsVersion minVersion, const std::string& ciphers) {
  SslContextPtr context(SSL_CTX_new(server ? TLS_server_method() : TLS_client_method()));
  if (context == nullptr) throw std::bad_alloc();
  SSL_CTX_set_min_proto_version(context.get(),
                                minVersion == TlsVersion::Tls13 ? TLS1_3_VERSION : TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  // An idle connection holds no buffers; the chain is what was given, and no guess.
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
  if (SSL_CTX_set_cipher_list(context.get(), ciphers.empty() ? goodCiphers : ciphers.c_str()) != 1) {
    ERR_clear_error();
    throw TlsError("TLS: none of the ciphers '" + ciphers + "' is known");
  }
  return context;
}

TlsServerContext::TlsServerContext(const TlsOptions& options, TicketKeys::Now now)
    : tickets_(options.sessionLifetime, now) {
  contexts_.push_back(makeServerContext(options, {options.cert, options.key, options.passphrase}));
  for (const TlsIdentity& identity : options.more) contexts_.push_back(makeServerContext(options, identity));
  for (const SslContextPtr& context : contexts_) tickets_.use(context.get());
  if (contexts_.size() == 1) return;
  // The macro for this has a cast of the old kind.
  SSL_CTX_callback_ctrl(contexts_.front().get(), SSL_CTRL_SET_TLSEXT_SERVERNAME_CB,
                        reinterpret_cast<void (*)()>(&TlsServerContext::chooseCertificate));
  SSL_CTX_set_tlsext_servername_arg(contexts_.front().get(), this);
}

int TlsServerContext::chooseCertificate(ssl_st* ssl, int*, void* self) {
  const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  if (name == nullptr) return SSL_TLSEXT_ERR_OK;
  for (const SslContextPtr& context : static_cast<const TlsServerContext*>(self)->contexts_) {
    if (X509_check_host(SSL_CTX_get0_certificate(context.get()), name, std::strlen(name), 0, nullptr) == 1) {
      SSL_set_SSL_CTX(ssl, context.get());
      break;
    }
  }
  return SSL_TLSEXT_ERR_OK;
}

SslPtr TlsServerContext::accept() const {
  SslPtr ssl(SSL_new(contexts_.front().get()));
  if (ssl == nullptr) throw std::bad_alloc();
  SSL_set_accept_state(ssl.get());
  return ssl;
}

}  // namespace duplex::transport
