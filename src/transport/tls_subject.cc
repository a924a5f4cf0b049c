#include "transport/tls_subject.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <new>
#include <string_view>

#include <duplex/address.h>

#include "transport/tls_handles.h"

namespace duplex::transport {
namespace {

// Not escaping what is UTF-8 already.
constexpr unsigned long asUtf8 = ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB);

struct FreeNames {
  void operator()(GENERAL_NAMES* names) const noexcept { GENERAL_NAMES_free(names); }
};

template <class Print>
std::string printed(Print print) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  if (bio == nullptr || print(bio.get()) < 0) throw std::bad_alloc();
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

/// A comma in it must not look like the beginning of another name.
std::string escaped(const ASN1_STRING* value) {
  return printed(
      [value](BIO* bio) { return ASN1_STRING_print_ex(bio, value, ASN1_STRFLGS_RFC2253 & asUtf8); });
}

/// Empty if it is none.
std::string addressOf(const ASN1_OCTET_STRING* octets) {
  const int size = ASN1_STRING_length(octets);
  if (size != 4 && size != 16) return {};
  std::array<std::uint8_t, 16> bytes{};
  std::copy_n(ASN1_STRING_get0_data(octets), size, bytes.begin());
  return Address(size == 4 ? Address::Family::V4 : Address::Family::V6, bytes, 0).ip();
}

/// Empty if it is of a kind that has no common way to be written.
std::string nameOf(const GENERAL_NAME& name) {
  switch (name.type) {
    case GEN_DNS:
      return "DNS:" + escaped(name.d.dNSName);
    case GEN_EMAIL:
      return "email:" + escaped(name.d.rfc822Name);
    case GEN_URI:
      return "URI:" + escaped(name.d.uniformResourceIdentifier);
    case GEN_IPADD: {
      const std::string address = addressOf(name.d.iPAddress);
      return address.empty() ? address : "IP:" + address;
    }
    default:
      return {};
  }
}

std::string alternativeNames(const X509* certificate) {
  const std::unique_ptr<GENERAL_NAMES, FreeNames> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  std::string all;
  for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const std::string name = nameOf(*sk_GENERAL_NAME_value(names.get(), i));
    if (!name.empty()) all += (all.empty() ? "" : ",") + name;
  }
  return all;
}

std::string fingerprint(const X509* certificate) {
  constexpr char digits[] = "0123456789abcdef";
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (X509_digest(certificate, EVP_sha256(), digest.data(), &size) != 1) throw std::bad_alloc();
  std::string text = "SHA256:";
  for (unsigned i = 0; i < size; ++i) text += {digits[digest[i] >> 4], digits[digest[i] & 15]};
  return text;
}

}  // namespace

std::string subjectOf(const x509_st* certificate) {
  std::string text = printed([certificate](BIO* bio) {
    return X509_NAME_print_ex(bio, X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253 & asUtf8);
  });
  if (text.empty()) text = alternativeNames(certificate);
  return text.empty() ? fingerprint(certificate) : text;
}

}  // namespace duplex::transport
