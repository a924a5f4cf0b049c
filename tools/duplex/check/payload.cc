#include "check/payload.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <utility>

#include "base/bytes.h"
#include "protocol/utf8.h"

namespace duplex::check {
namespace {

constexpr std::size_t shown = 32;

bool isShowable(std::string_view bytes) {
  const bool plain = std::none_of(bytes.begin(), bytes.end(), [](char c) {
    const auto value = static_cast<unsigned char>(c);
    return value < 0x20 || value == 0x7F || c == '"';
  });
  return plain && protocol::isValidUtf8(asBytes(bytes));
}

std::string shortForm(std::string_view bytes) {
  if (isShowable(bytes)) return fmt::format("\"{}\"", bytes);
  std::string hex;
  for (const char c : bytes)
    hex += fmt::format("{:02x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
  return hex;
}

// Whole code points, so that a text stays one when it is cut for a person.
std::string_view beginning(std::string_view bytes) {
  std::size_t size = shown;
  while (size > shown - 4 && (static_cast<unsigned char>(bytes[size]) & 0xC0) == 0x80) --size;
  return bytes.substr(0, size);
}

std::string makeJson(std::size_t size, unsigned seed) {
  static constexpr const char* names[] = {"pressure", "humidity", "temperature", "wind", "light", "level"};
  std::minstd_rand random(seed);
  std::string text = "[";
  while (text.size() < size) {
    text += fmt::format(R"({{"sensor":"{}","id":{},"value":{}.{},"valid":{}}},)", names[random() % 6],
                        random() % 1000, random() % 100, random() % 100, random() % 7 != 0);
  }
  text.resize(size);
  return text;
}

std::string makeNoise(std::size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::string bytes(size, '\0');
  std::generate(bytes.begin(), bytes.end(), [&] { return static_cast<char>(random() >> 24); });
  return bytes;
}

}  // namespace

Payload Payload::repeated(std::string unit, std::size_t size) {
  return {Kind::Repeated, std::move(unit), size, 0};
}

Payload Payload::json(std::size_t size, unsigned seed) {
  return {Kind::Json, {}, size, seed};
}

Payload Payload::noise(std::size_t size, unsigned seed) {
  return {Kind::Noise, {}, size, seed};
}

std::string Payload::bytes() const {
  switch (kind_) {
    case Kind::Json:
      return makeJson(size_, seed_);
    case Kind::Noise:
      return makeNoise(size_, seed_);
    case Kind::Repeated: {
      std::string bytes;
      bytes.reserve(size_ + text_.size());
      while (bytes.size() < size_) bytes += text_;
      bytes.resize(size_);
      return bytes;
    }
    case Kind::Literal:
      break;
  }
  return text_;
}

std::string brief(std::string_view bytes) {
  if (bytes.empty()) return "of 0 bytes";
  if (bytes.size() <= shown) return shortForm(bytes);
  return fmt::format("{}… of {} bytes", shortForm(beginning(bytes)), bytes.size());
}

}  // namespace duplex::check
