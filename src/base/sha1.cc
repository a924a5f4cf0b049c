#include "base/sha1.h"

#include <openssl/sha.h>

namespace duplex {

std::array<std::byte, 20> sha1(Bytes bytes) noexcept {
  static_assert(SHA_DIGEST_LENGTH == 20);
  std::array<std::byte, 20> digest;
  ::SHA1(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
         reinterpret_cast<unsigned char*>(digest.data()));
  return digest;
}

}  // namespace duplex
