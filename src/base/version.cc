#include <duplex/version.h>

namespace duplex {

std::string_view version() noexcept {
  return DUPLEX_VERSION;
}

}  // namespace duplex
