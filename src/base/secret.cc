#include <duplex/secret.h>

#include <openssl/crypto.h>

namespace duplex {

bool sameSecret(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace duplex
