#pragma once

#include <memory>

// OpenSSL's objects under their own names, so that who owns one need not include its headers.
struct bio_st;
struct evp_pkey_st;
struct ssl_ctx_st;
struct ssl_session_st;
struct ssl_st;
struct x509_st;

namespace duplex::transport {

struct FreeTlsHandle {
  void operator()(bio_st* bio) const noexcept;
  void operator()(evp_pkey_st* key) const noexcept;
  void operator()(ssl_ctx_st* context) const noexcept;
  void operator()(ssl_session_st* session) const noexcept;
  void operator()(ssl_st* ssl) const noexcept;
  void operator()(x509_st* certificate) const noexcept;
};

using BioPtr = std::unique_ptr<bio_st, FreeTlsHandle>;
using KeyPtr = std::unique_ptr<evp_pkey_st, FreeTlsHandle>;
using SslContextPtr = std::unique_ptr<ssl_ctx_st, FreeTlsHandle>;
using SessionPtr = std::unique_ptr<ssl_session_st, FreeTlsHandle>;
using SslPtr = std::unique_ptr<ssl_st, FreeTlsHandle>;
using CertificatePtr = std::unique_ptr<x509_st, FreeTlsHandle>;

}  // namespace duplex::transport
