#include "floor/handshake.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <strings.h>

namespace floorServer {

std::string_view header(std::string_view head, std::string_view name) noexcept {
  std::size_t line = head.find("\r\n");
  while (line != std::string_view::npos) {
    line += 2;
    const std::size_t end = head.find("\r\n", line);
    if (end == std::string_view::npos) break;
    std::string_view text = head.substr(line, end - line);
    if (text.size() > name.size() && text[name.size()] == ':' &&
        ::strncasecmp(text.data(), name.data(), name.size()) == 0) {
      text.remove_prefix(name.size() + 1);
      const std::size_t start = text.find_first_not_of(" \t");
      if (start == std::string_view::npos) return {};
      return text.substr(start, text.find_last_not_of(" \t") + 1 - start);
    }
    line = end;
  }
  return {};
}

std::string switchingProtocols(std::string_view key) {
  const std::string text = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  unsigned char digest[SHA_DIGEST_LENGTH];
  ::SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  unsigned char accept[4 * ((SHA_DIGEST_LENGTH + 2) / 3) + 1];
  const int size = ::EVP_EncodeBlock(accept, digest, SHA_DIGEST_LENGTH);
  return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Accept: " +
         std::string(reinterpret_cast<const char*>(accept), static_cast<std::size_t>(size)) + "\r\n\r\n";
}

}  // namespace floorServer
