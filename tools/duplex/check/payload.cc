#include "check/payload.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <map>
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

/// A text that goes on for ever.
class Json {
 public:
  explicit Json(unsigned seed) : random_(seed) {}
  void growTo(std::size_t size) {
    static constexpr const char* names[] = {"pressure", "humidity", "temperature", "wind", "light", "level"};
    while (bytes.size() < size) {
      bytes += fmt::format(R"({{"sensor":"{}","id":{},"value":{}.{},"valid":{}}},)", names[random_() % 6],
                           random_() % 1000, random_() % 100, random_() % 100, random_() % 7 != 0);
    }
  }
  std::string bytes = "[";

 private:
  std::minstd_rand random_;
};

class Noise {
 public:
  explicit Noise(unsigned seed) : random_(seed) {}
  void growTo(std::size_t size) {
    while (bytes.size() < size) bytes += static_cast<char>(random_() >> 24);
  }
  std::string bytes;

 private:
  std::mt19937 random_;
};

/// The first `size` bytes that `Source` makes of `seed`. They are kept: many cases have the same, and ask for
/// them when they send, compare and describe them.
template <class Source>
std::string firstOf(unsigned seed, std::size_t size) {
  thread_local std::map<unsigned, Source> made;
  Source& source = made.try_emplace(seed, seed).first->second;
  source.growTo(size);
  return source.bytes.substr(0, size);
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
      return firstOf<Json>(seed_, size_);
    case Kind::Noise:
      return firstOf<Noise>(seed_, size_);
    case Kind::Repeated: {
      std::string bytes = text_;
      bytes.reserve(size_);
      while (bytes.size() < size_) bytes.append(bytes, 0, size_ - bytes.size());
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
