#pragma once

namespace duplex {

#if defined(__SANITIZE_ADDRESS__)
#define DUPLEX_ADDRESS_SANITIZER
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define DUPLEX_ADDRESS_SANITIZER
#endif
#endif
#ifdef DUPLEX_ADDRESS_SANITIZER
/// Whether this is a build with the address sanitizer: what keeps memory for its next use lets it go, so that
/// every use after its end is seen.
inline constexpr bool addressSanitizer = true;
#else
inline constexpr bool addressSanitizer = false;
#endif

}  // namespace duplex
