#include "transport/tls_pem.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "transport/tls_failure.h"

namespace duplex::transport {
namespace {

// No certificate has so many bytes; some other file may.
constexpr std::size_t maxPemSize = 16 * 1024 * 1024;

bool isPem(std::string_view source) {
  return source.find("-----BEGIN ") != std::string_view::npos;
}

/// How an error names it.
std::string nameOf(const std::string& source) {
  return isPem(source) ? "that is given as text" : "'" + source + "'";
}

[[noreturn]] void refuse(const std::string& what, const std::string& source, const std::string& why) {
  throw TlsError("TLS: the " + what + " " + nameOf(source) + " " + why);
}

/// Why OpenSSL did not take it.
std::string reason() {
  const std::string text = lastTlsError();
  return text.empty() ? std::string() : " (" + text + ")";
}

std::string readFile(const std::string& what, const std::string& name) {
  const auto cannot = [&] { refuse(what, name, "cannot be read: " + std::string(std::strerror(errno))); };
  const int file = ::open(name.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) cannot();
  std::string text;
  char buffer[16 * 1024];
  ssize_t size = 0;
  while ((size = ::read(file, buffer, sizeof buffer)) > 0 && text.size() <= maxPemSize) {
    text.append(buffer, static_cast<std::size_t>(size));
  }
  const int error = errno;
  ::close(file);
  errno = error;
  if (size < 0) cannot();
  if (text.size() > maxPemSize) refuse(what, name, "is too large");
  return text;
}

/// What of `source` is to be read; `text` holds what came from a file.
BioPtr open(const std::string& what, const std::string& source, std::string& text) {
  text = isPem(source) ? source : readFile(what, source);
  BioPtr bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  if (bio == nullptr) throw std::bad_alloc();
  ERR_clear_error();
  return bio;
}

/// The next certificate in `from`; null at the end.
CertificatePtr nextCertificate(BIO* from, const std::string& what, const std::string& source) {
  CertificatePtr certificate(PEM_read_bio_X509(from, nullptr, nullptr, nullptr));
  if (certificate != nullptr) return certificate;
  if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) {
    refuse(what, source, "is malformed" + reason());
  }
  ERR_clear_error();
  return nullptr;
}

/// Instead of a question on the terminal.
int givePassphrase(char* buffer, int size, int, void* passphrase) {
  const auto& text = *static_cast<const std::string*>(passphrase);
  const std::size_t length = std::min(text.size(), static_cast<std::size_t>(size));
  std::memcpy(buffer, text.data(), length);
  return static_cast<int>(length);
}

KeyPtr readKey(const TlsIdentity& identity) {
  std::string text;
  const BioPtr bio = open("key", identity.key, text);
  // OpenSSL does not change it.
  auto* passphrase = const_cast<std::string*>(&identity.passphrase);
  KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, &givePassphrase, passphrase));
  const bool encrypted = text.find("ENCRYPTED") != std::string::npos;
  OPENSSL_cleanse(text.data(), text.size());
  if (key != nullptr) return key;
  refuse(
      "key", identity.key,
      (encrypted ? "is encrypted, and the passphrase does not open it" : "holds no private key") + reason());
}

}  // namespace

void useIdentity(ssl_ctx_st* context, const TlsIdentity& identity) {
  if (identity.cert.empty()) throw TlsError("TLS: there is no certificate: set 'cert'");
  if (identity.key.empty()) {
    throw TlsError("TLS: there is no key for the certificate " + nameOf(identity.cert) + ": set 'key'");
  }
  std::string text;
  const BioPtr bio = open("certificate", identity.cert, text);
  const CertificatePtr leaf = nextCertificate(bio.get(), "certificate", identity.cert);
  if (leaf == nullptr) refuse("certificate", identity.cert, "holds no certificate");
  if (SSL_CTX_use_certificate(context, leaf.get()) != 1) {
    refuse("certificate", identity.cert, "is not usable" + reason());
  }
  while (CertificatePtr between = nextCertificate(bio.get(), "certificate", identity.cert)) {
    if (SSL_CTX_add0_chain_cert(context, between.get()) != 1) {
      refuse("certificate", identity.cert, "has a chain that is not usable" + reason());
    }
    between.release();
  }
  const KeyPtr key = readKey(identity);
  if (X509_check_private_key(leaf.get(), key.get()) != 1) {
    ERR_clear_error();
    refuse("key", identity.key, "does not match the certificate " + nameOf(identity.cert));
  }
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1) {
    refuse("key", identity.key, "is not usable" + reason());
  }
}

void trust(ssl_ctx_st* context, const std::string& source, bool announced) {
  std::string text;
  const BioPtr bio = open("CA", source, text);
  X509_STORE* store = SSL_CTX_get_cert_store(context);
  bool some = false;
  while (const CertificatePtr root = nextCertificate(bio.get(), "CA", source)) {
    // One that is there already is no mistake.
    if (X509_STORE_add_cert(store, root.get()) != 1) refuse("CA", source, "is not usable" + reason());
    if (announced && SSL_CTX_add_client_CA(context, root.get()) != 1) throw std::bad_alloc();
    some = true;
  }
  if (!some) refuse("CA", source, "holds no certificate");
  // Whoever is named is trusted, without those above.
  X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
}

std::string versionOf(const std::string& source) {
  if (source.empty() || isPem(source)) return source;
  struct stat status {};
  if (::stat(source.c_str(), &status) != 0) return source;
  return source + '\0' + std::to_string(status.st_mtim.tv_sec) + '.' +
         std::to_string(status.st_mtim.tv_nsec) + '/' + std::to_string(status.st_ino) + '/' +
         std::to_string(status.st_size);
}

}  // namespace duplex::transport
