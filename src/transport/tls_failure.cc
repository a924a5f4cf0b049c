#include "transport/tls_failure.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <duplex/error.h>

namespace duplex::transport {
namespace {

std::string textOf(unsigned long error) {
  if (error == 0) return {};
  if (ERR_SYSTEM_ERROR(error)) return std::generic_category().message(ERR_GET_REASON(error));
  const char* reason = ERR_reason_error_string(error);
  return reason != nullptr ? reason : "error " + std::to_string(error);
}

}  // namespace

TlsFailure takeTlsFailure(const ssl_st* ssl) {
  const unsigned long error = ERR_peek_error();
  const int reason = ERR_GET_LIB(error) == ERR_LIB_SSL ? ERR_GET_REASON(error) : 0;
  TlsFailure failure{Errc::TlsFailed, textOf(error), reason == SSL_R_HTTP_REQUEST};
  ERR_clear_error();
  // As when it says close_notify in the middle of the handshake.
  if (failure.text.empty()) failure.text = "the peer ended it";
  const long verified = SSL_get_verify_result(ssl);
  if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED && verified != X509_V_OK) {
    failure.code = Errc::CertificateInvalid;
    failure.text = X509_verify_cert_error_string(verified);
  } else if (reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE) {
    failure.code = Errc::CertificateInvalid;
    failure.text = "there is none";
  } else if (reason == SSL_R_WRONG_VERSION_NUMBER && !SSL_is_server(ssl)) {
    failure.text += ", as if the server spoke no TLS on this port";
  }
  return failure;
}

std::string lastTlsError() {
  const std::string text = textOf(ERR_peek_last_error());
  ERR_clear_error();
  return text;
}

}  // namespace duplex::transport
