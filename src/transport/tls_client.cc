#include "transport/tls_client.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <new>

#include "transport/tls_pem.h"

namespace duplex::transport {
namespace {

// A program has few kinds of client, and talks to few servers again and again.
constexpr std::size_t maxContexts = 16;
constexpr std::size_t maxSessions = 256;
// Of a host (RFC 1035 §2.3.4).
constexpr std::size_t maxName = 255;
// In the wire's form (RFC 7301 §3.1), as browsers offer it for wss:.
constexpr unsigned char protocols[] = "\x08http/1.1";

/// Where a connection keeps whom it goes to, a std::string of its own.
int peerIndex() {
  static const int index = SSL_get_ex_new_index(
      0, nullptr, nullptr, nullptr,
      [](void*, void* peer, CRYPTO_EX_DATA*, int, long, void*) { delete static_cast<std::string*>(peer); });
  return index;
}

[[noreturn]] void refuseName(const std::string& name) {
  throw TlsError("TLS: '" + name + "' cannot be a server's name");
}

/// To OpenSSL a name with a dot in front stands for all below it, and an empty one for any.
bool isNoName(const std::string& name) {
  return name.empty() || name.front() == '.' || name.size() > maxName || name.find('\0') != std::string::npos;
}

/// The certificate has to be for `host`; its common name does not count (RFC 9525 §2).
void checkName(SSL* ssl, const std::string& host, bool isAddress) {
  X509_VERIFY_PARAM* checks = SSL_get0_param(ssl);
  X509_VERIFY_PARAM_set_hostflags(checks,
                                  X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  const int done = isAddress ? X509_VERIFY_PARAM_set1_ip_asc(checks, host.c_str())
                             : X509_VERIFY_PARAM_set1_host(checks, host.data(), host.size());
  if (done != 1) refuseName(host);
}

}  // namespace

TlsClientContext::TlsClientContext(const TlsClientOptions& options)
    : context_(makeSslContext(false, options.minVersion, options.ciphers)),
      serverName_(options.serverName),
      verify_(options.verify) {
  if (!serverName_.empty() && isNoName(serverName_)) refuseName(serverName_);
  SSL_CTX* context = context_.get();
  if (!options.ca.empty()) {
    trust(context, options.ca, false);
  } else if (verify_) {
    SSL_CTX_set_default_verify_paths(context);
    // A store that is not there trusts nobody: each connection then says so.
    ERR_clear_error();
  }
  if (!options.cert.empty() || !options.key.empty()) {
    useIdentity(context, {options.cert, options.key, options.passphrase});
  }
  SSL_CTX_set_verify(context, verify_ ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  SSL_CTX_set_alpn_protos(context, protocols, sizeof protocols - 1);
  SSL_CTX_set_session_cache_mode(
      context, options.resume ? SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL : SSL_SESS_CACHE_OFF);
  SSL_CTX_sess_set_new_cb(context, &TlsClientContext::keepSession);
  SSL_CTX_set_ex_data(context, 0, this);
}

SslPtr TlsClientContext::connect(const std::string& host, std::uint16_t port) {
  std::string name = serverName_.empty() ? host : serverName_;
  if (name.ends_with('.')) name.pop_back();
  if (isNoName(name)) refuseName(name);
  SslPtr ssl(SSL_new(context_.get()));
  if (ssl == nullptr) throw std::bad_alloc();
  SSL_set_connect_state(ssl.get());
  const bool isAddress = Address::parse(name, port).family() != Address::Family::None;
  // Addresses are not asked for (RFC 6066 §3).
  if (!isAddress &&
      SSL_ctrl(ssl.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data()) != 1) {
    ERR_clear_error();
    refuseName(name);
  }
  if (verify_) checkName(ssl.get(), name, isAddress);
  const std::string peer = name + '|' + host + ':' + std::to_string(port);
  resume(ssl.get(), peer);
  if (SSL_set_ex_data(ssl.get(), peerIndex(), new std::string(peer)) != 1) throw std::bad_alloc();
  return ssl;
}

void TlsClientContext::resume(ssl_st* ssl, const std::string& peer) {
  const auto known = sessions_.find(peer);
  if (known == sessions_.end()) return;
  SSL_set_session(ssl, known->second.get());
  // Who uses one twice can be told apart by it (RFC 8446 §C.4); the server sends another.
  if (SSL_SESSION_get_protocol_version(known->second.get()) >= TLS1_3_VERSION) sessions_.erase(known);
}

// Called by OpenSSL, which is C: no exception may pass through it.
int TlsClientContext::keepSession(ssl_st* ssl, ssl_session_st* session) {
  auto& self = *static_cast<TlsClientContext*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), 0));
  const auto* peer = static_cast<const std::string*>(SSL_get_ex_data(ssl, peerIndex()));
  if (peer == nullptr) return 0;
  if (self.sessions_.size() >= maxSessions && !self.sessions_.contains(*peer)) {
    self.sessions_.erase(self.sessions_.begin());
  }
  try {
    self.sessions_[*peer].reset(session);
    return 1;
  } catch (const std::bad_alloc&) {
    // Then it is not kept.
    return 0;
  }
}

Ref<TlsClientContext> TlsClients::context(const TlsClientOptions& options) {
  std::string key;
  for (const std::string* text : {&options.cert, &options.key, &options.ca}) key += versionOf(*text) + '\0';
  key += options.passphrase + '\0' + options.serverName + '\0' + options.ciphers + '\0';
  key += options.verify ? 'v' : '-';
  key += options.resume ? 'r' : '-';
  key += options.minVersion == TlsVersion::Tls13 ? '3' : '2';
  const auto known =
      std::find_if(contexts_.begin(), contexts_.end(), [&](const auto& entry) { return entry.first == key; });
  if (known != contexts_.end()) {
    std::rotate(known, known + 1, contexts_.end());
    return contexts_.back().second;
  }
  auto made = Ref<TlsClientContext>::adopt(new TlsClientContext(options));
  if (contexts_.size() == maxContexts) contexts_.erase(contexts_.begin());
  contexts_.emplace_back(std::move(key), made);
  return made;
}

}  // namespace duplex::transport
