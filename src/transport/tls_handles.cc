#include "transport/tls_handles.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace duplex::transport {

void FreeTlsHandle::operator()(bio_st* bio) const noexcept {
  BIO_free(bio);
}
void FreeTlsHandle::operator()(evp_pkey_st* key) const noexcept {
  EVP_PKEY_free(key);
}
void FreeTlsHandle::operator()(ssl_ctx_st* context) const noexcept {
  SSL_CTX_free(context);
}
void FreeTlsHandle::operator()(ssl_session_st* session) const noexcept {
  SSL_SESSION_free(session);
}
void FreeTlsHandle::operator()(ssl_st* ssl) const noexcept {
  SSL_free(ssl);
}
void FreeTlsHandle::operator()(x509_st* certificate) const noexcept {
  X509_free(certificate);
}

}  // namespace duplex::transport
