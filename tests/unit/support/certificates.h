#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <stdexcept>
#include <string>

#include <duplex/tls.h>

namespace duplex::test {

/// What a certificate is made for.
struct CertificateWish {
  /// Empty for a subject without any.
  std::string commonName = "localhost";
  /// As OpenSSL writes them; empty for none.
  std::string names = "DNS:localhost,IP:127.0.0.1";
  /// Days from now.
  int validFrom = -1;
  int validTo = 30;
  bool authority = false;
  /// Of the key.
  std::string passphrase{};
};

/// A certificate with its key, which can vouch for others.
class Certificate {
 public:
  /// Signed by `issuer`; without one by itself.
  explicit Certificate(const CertificateWish& wish, const Certificate* issuer = nullptr)
      : key_(EVP_EC_gen("P-256")), certificate_(X509_new()), passphrase_(wish.passphrase) {
    static long serial = 1000;
    X509* x509 = certificate_.get();
    X509_set_version(x509, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x509), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(x509), 86'400L * wish.validFrom);
    X509_gmtime_adj(X509_getm_notAfter(x509), 86'400L * wish.validTo);
    X509_set_pubkey(x509, key_.get());
    X509_NAME* subject = X509_get_subject_name(x509);
    const auto* text = reinterpret_cast<const unsigned char*>(wish.commonName.c_str());
    if (!wish.commonName.empty()) {
      X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, text, -1, -1, 0);
    }
    const Certificate& by = issuer == nullptr ? *this : *issuer;
    X509_set_issuer_name(x509, X509_get_subject_name(by.certificate_.get()));
    extend(NID_basic_constraints, wish.authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
    if (!wish.names.empty()) extend(NID_subject_alt_name, wish.names);
    if (X509_sign(x509, by.key_.get(), EVP_sha256()) == 0) throw std::runtime_error("X509_sign");
  }

  std::string cert() const {
    return written([this](BIO* to) { return PEM_write_bio_X509(to, certificate_.get()); });
  }
  std::string key() const {
    return written([this](BIO* to) {
      const EVP_CIPHER* cipher = passphrase_.empty() ? nullptr : EVP_aes_128_cbc();
      return PEM_write_bio_PKCS8PrivateKey(to, key_.get(), cipher, passphrase_.data(),
                                           static_cast<int>(passphrase_.size()), nullptr, nullptr);
    });
  }
  TlsIdentity identity() const { return {cert(), key(), passphrase_}; }
  /// A server's options with it, in memory.
  TlsOptions server() const { return {.cert = cert(), .key = key(), .passphrase = passphrase_}; }

 private:
  struct Free {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    void operator()(X509* certificate) const { X509_free(certificate); }
    void operator()(BIO* bio) const { BIO_free(bio); }
    void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
  };

  void extend(int kind, const std::string& value) {
    const std::unique_ptr<X509_EXTENSION, Free> made(
        X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str()));
    if (made == nullptr) throw std::runtime_error("no extension: " + value);
    X509_add_ext(certificate_.get(), made.get(), -1);
  }
  template <class Write>
  static std::string written(Write write) {
    const std::unique_ptr<BIO, Free> bio(BIO_new(BIO_s_mem()));
    if (write(bio.get()) != 1) throw std::runtime_error("PEM_write");
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &text);
    return {text, static_cast<std::size_t>(size)};
  }

  std::unique_ptr<EVP_PKEY, Free> key_;
  std::unique_ptr<X509, Free> certificate_;
  std::string passphrase_;
};

/// An authority, and a certificate of its for localhost: made once a program.
struct Identities {
  Certificate authority{{.commonName = "Test CA", .names = "", .authority = true}};
  Certificate localhost{{}, &authority};

  static const Identities& get() {
    static const Identities made;
    return made;
  }
};

}  // namespace duplex::test
