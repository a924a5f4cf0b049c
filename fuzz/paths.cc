#include <algorithm>
#include <forward_list>
#include <stdexcept>
#include <string>
#include <vector>

#include "http/file_response.h"
#include "http/pattern.h"
#include "http/percent.h"
#include "input.h"
#include "targets.h"

namespace duplex::fuzz {
namespace {

std::string encodeAll(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    encoded += {'%', digits[byte >> 4], digits[byte & 15]};
  }
  return encoded;
}

void checkEncoding(std::string_view text) {
  std::string decoded;
  if (http::percentDecode(text, decoded)) {
    require(decoded.size() <= text.size(), "decoding makes nothing longer");
    require(text.find('\0') != std::string_view::npos || decoded.find('\0') == std::string::npos,
            "no NUL is decoded");
  }
  const bool hasNul = text.find('\0') != std::string_view::npos;
  require(http::percentDecode(encodeAll(text), decoded) == !hasNul,
          "what is encoded can be decoded, but NUL");
  require(hasNul || decoded == text, "decode(encode(x)) is x");
  require(http::formDecode(encodeAll(text)) == text, "of a form too");

  const std::string encoded = http::encodeUrl(text);
  require(std::ranges::all_of(encoded, [](char c) { return c > ' ' && c < '\x7f'; }), "a URL is printable");
  require(http::encodeUrl(encoded) == encoded, "what is encoded stays");
}

void checkPlainPath(std::string_view path) {
  if (!http::isPlainPath(path, true)) return;
  const std::string framed = "/" + std::string(path) + "/";
  require(framed.find("/../") == std::string::npos && framed.find("/./") == std::string::npos,
          "a plain path goes down only");
  require(path.empty() || path.front() != '/', "a plain path is relative");
  require(!http::isPlainPath(path, false) || framed.find("/.") == std::string::npos,
          "and hides what is hidden");
}

using Result = http::Pattern::Result;

Result match(const http::Pattern& pattern, std::string_view path) {
  std::size_t matched = 0;
  std::vector<Field> params;
  std::forward_list<std::string> decoded;
  const Result result = pattern.match(path, matched, params, decoded);
  require(matched <= path.size(), "no more fits than there is");
  require(result == Result::Yes || params.empty(), "only what fits has parameters");
  return result;
}

void checkPattern(std::string_view text, std::string_view path) {
  try {
    const http::Pattern whole(text, http::Pattern::Extent::Whole);
    const Result result = match(whole, path);
    const http::Pattern prefix(text, http::Pattern::Extent::Prefix);
    require(result != Result::Yes || match(prefix, path) == Result::Yes, "what fits whole fits as a prefix");
    // No other spelling goes past a handler that guards a path.
    std::string other;
    for (const char c : path) {
      const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
      other += letter ? encodeAll({&c, 1}) : std::string(1, c);
    }
    if (path.find('%') == std::string_view::npos)
      require(match(whole, other) == result, "a letter that is encoded is that letter");
  } catch (const std::invalid_argument&) {
  }
}

}  // namespace

void paths(Bytes bytes) {
  Input input(bytes);
  const std::string pattern = "/" + std::string(input.text());
  Piece rest(input.rest());
  const std::string_view text = asText(rest.bytes());
  checkEncoding(text);
  checkPlainPath(text);
  checkPattern(pattern, "/" + std::string(text));
}

}  // namespace duplex::fuzz
