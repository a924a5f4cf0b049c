#pragma once

#include <zlib.h>

#include <random>
#include <stdexcept>
#include <string>
#include <string_view>

namespace duplex::test {

/// zlib's deflate as other ends use it: messages with context takeover, or without.
class ZlibDeflate {
 public:
  explicit ZlibDeflate(int windowBits = 15, int level = 6, int strategy = Z_DEFAULT_STRATEGY) {
    if (deflateInit2(&stream_, level, Z_DEFLATED, -windowBits, 8, strategy) != Z_OK)
      throw std::runtime_error("deflateInit2");
  }
  ZlibDeflate(const ZlibDeflate&) = delete;
  ZlibDeflate& operator=(const ZlibDeflate&) = delete;
  ~ZlibDeflate() { deflateEnd(&stream_); }

  /// What zlib makes of `text`, all of it.
  std::string raw(std::string_view text, int flush = Z_SYNC_FLUSH) {
    std::string out(2 * text.size() + 1024, '\0');
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream_.avail_in = static_cast<uInt>(text.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(out.size());
    ::deflate(&stream_, flush);
    out.resize(out.size() - stream_.avail_out);
    return out;
  }
  /// A message's payload.
  std::string message(std::string_view text) {
    const std::string all = raw(text);
    return all.substr(0, all.size() - 4);
  }
  void reset() { deflateReset(&stream_); }

 private:
  z_stream stream_{};
};

/// Text that compresses as what programs send does.
inline std::string jsonText(std::size_t size, unsigned seed = 1) {
  std::mt19937 random(seed);
  std::string text;
  while (text.size() < size) {
    text += "{\"id\":" + std::to_string(random() % 100'000) + ",\"name\":\"user" +
            std::to_string(random() % 500) + "\",\"price\":" + std::to_string(random() % 10'000) + "." +
            std::to_string(random() % 100) + ",\"active\":" + (random() % 2 == 0 ? "true" : "false") +
            ",\"tags\":[\"alpha\",\"beta\"]},";
  }
  text.resize(size);
  return text;
}

/// Bytes that do not compress.
inline std::string noise(std::size_t size, unsigned seed = 1) {
  std::mt19937 random(seed);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

}  // namespace duplex::test
