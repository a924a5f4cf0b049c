#include "base/base64.h"

#include <openssl/evp.h>

#include <algorithm>
#include <climits>

namespace duplex {
namespace {

bool isSymbol(char c) noexcept {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
}

}  // namespace

std::string base64Encode(Bytes bytes) {
  std::string text((bytes.size() + 2) / 3 * 4, '\0');
  // OpenSSL counts in int. Whole groups of three leave no padding, so the pieces join up.
  constexpr std::size_t largestPiece = INT_MAX / 4 / 3 * 3;
  auto* out = reinterpret_cast<unsigned char*>(text.data());
  while (!bytes.empty()) {
    const Bytes piece = bytes.first(std::min(bytes.size(), largestPiece));
    out += ::EVP_EncodeBlock(out, reinterpret_cast<const unsigned char*>(piece.data()),
                             static_cast<int>(piece.size()));
    bytes = bytes.subspan(piece.size());
  }
  return text;
}

std::optional<std::vector<std::byte>> base64Decode(std::string_view text) {
  if (text.size() % 4 != 0 || text.size() > INT_MAX) return std::nullopt;
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  // EVP_DecodeBlock itself would let white space and misplaced padding through.
  if (!std::all_of(text.begin(), text.end() - static_cast<std::ptrdiff_t>(padding), isSymbol))
    return std::nullopt;
  std::vector<std::byte> bytes(text.size() / 4 * 3);
  if (bytes.empty()) return bytes;
  if (::EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                        reinterpret_cast<const unsigned char*>(text.data()),
                        static_cast<int>(text.size())) < 0) {
    return std::nullopt;
  }
  bytes.resize(bytes.size() - padding);
  return bytes;
}

}  // namespace duplex
