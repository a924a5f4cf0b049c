#include "transport/tls_tickets.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <new>

#include "base/bytes.h"

namespace duplex::transport {
namespace {

// What the callback says to OpenSSL.
constexpr int failed = -1;
constexpr int unknown = 0;
constexpr int good = 1;
constexpr int goodButRenew = 2;

template <class Array>
void fill(Array& array) {
  if (RAND_priv_bytes(array.data(), static_cast<int>(array.size())) != 1) throw std::bad_alloc();
}

bool setMac(EVP_MAC_CTX* mac, TicketKeys::Key& key) {
  char digest[] = "SHA256";
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key.mac.data(), key.mac.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, sizeof digest - 1),
      OSSL_PARAM_construct_end()};
  return EVP_MAC_CTX_set_params(mac, params) == 1;
}

int seal(TicketKeys& keys, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac) {
  TicketKeys::Key key = keys.current();
  std::copy(key.name.begin(), key.name.end(), name);
  if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) != 1) return failed;
  if (EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key.cipher.data(), iv) != 1) return failed;
  return setMac(mac, key) ? good : failed;
}

int open(TicketKeys& keys, const unsigned char* name, const unsigned char* iv, EVP_CIPHER_CTX* cipher,
         EVP_MAC_CTX* mac, bool renew) {
  bool isOld = false;
  const std::size_t size = std::tuple_size<decltype(TicketKeys::Key::name)>::value;
  std::optional<TicketKeys::Key> key = keys.find({reinterpret_cast<const char*>(name), size}, isOld);
  if (!key) return unknown;
  if (EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key->cipher.data(), iv) != 1) return failed;
  if (!setMac(mac, *key)) return failed;
  return isOld || renew ? goodButRenew : good;
}

// Called by OpenSSL, which is C: no exception may pass through it.
int onTicket(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
             int sealing) noexcept {
  auto& keys = *static_cast<TicketKeys*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), 0));
  if (sealing != 0) return seal(keys, name, iv, cipher, mac);
  // In TLS 1.3 a client uses a ticket once (RFC 8446 §C.4), and wants another.
  return open(keys, name, iv, cipher, mac, SSL_version(ssl) >= TLS1_3_VERSION);
}

}  // namespace

TicketKeys::Key::Key() {
  fill(name);
  fill(cipher);
  fill(mac);
}

TicketKeys::Key::~Key() {
  OPENSSL_cleanse(cipher.data(), cipher.size());
  OPENSSL_cleanse(mac.data(), mac.size());
}

void TicketKeys::use(ssl_ctx_st* context) {
  SSL_CTX_set_ex_data(context, 0, this);
  SSL_CTX_set_tlsext_ticket_key_evp_cb(context, &onTicket);
}

TicketKeys::Key TicketKeys::current() {
  const std::lock_guard lock(mutex_);
  advance();
  return current_.key;
}

std::optional<TicketKeys::Key> TicketKeys::find(std::string_view name, bool& isOld) {
  const std::lock_guard lock(mutex_);
  advance();
  const auto isIt = [name](const Dated& dated) {
    return asText(std::as_bytes(std::span(dated.key.name))) == name;
  };
  isOld = !isIt(current_);
  if (!isOld) return current_.key;
  const auto found = std::find_if(old_.begin(), old_.end(), isIt);
  if (found == old_.end()) return std::nullopt;
  return found->key;
}

void TicketKeys::advance() {
  const TimePoint now = now_();
  std::erase_if(old_, [now](const Dated& dated) { return now >= dated.time; });
  if (now < current_.time + useTime) return;
  try {
    const Dated fresh{Key(), now};
    // It may have sealed a ticket just now.
    old_.push_back({current_.key, now + lifetime_});
    current_ = fresh;
  } catch (const std::bad_alloc&) {
    // Then it is in use until the next time.
  }
}

}  // namespace duplex::transport
