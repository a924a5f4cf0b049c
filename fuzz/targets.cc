#include "targets.h"

namespace duplex::fuzz {

std::span<const Target> targets() noexcept {
  static constexpr Target all[] = {
      {"frame", &frame},
      {"session", &session},
      {"deflate", &deflate},
      {"header_list", &headerList},
      {"handshake", &handshake},
      {"http_request", &httpRequest},
      {"http_response", &httpResponse},
      {"proxy", &proxy},
      {"url", &url},
      {"paths", &paths},
      {"static_files", &staticFiles},
      {"server", &server},
  };
  return all;
}

}  // namespace duplex::fuzz
