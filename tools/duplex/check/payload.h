#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace duplex::check {

/// What a message carries: bytes as they stand, or a rule that makes many of them, so that a table of cases
/// stays small.
class Payload {
 public:
  Payload() = default;
  Payload(std::string literal) : text_(std::move(literal)), size_(text_.size()) {}
  Payload(std::string_view literal) : Payload(std::string(literal)) {}
  Payload(const char* literal) : Payload(std::string(literal)) {}

  /// `unit` again and again, `size` bytes in all.
  static Payload repeated(std::string unit, std::size_t size);
  /// ASCII that compresses as JSON does; another for each `seed`.
  static Payload json(std::size_t size, unsigned seed = 1);
  /// Bytes that do not compress.
  static Payload noise(std::size_t size, unsigned seed = 1);

  std::size_t size() const noexcept { return size_; }
  std::string bytes() const;

 private:
  enum class Kind { Literal, Repeated, Json, Noise };

  Payload(Kind kind, std::string text, std::size_t size, unsigned seed)
      : kind_(kind), text_(std::move(text)), size_(size), seed_(seed) {}

  Kind kind_ = Kind::Literal;
  std::string text_;
  std::size_t size_ = 0;
  unsigned seed_ = 0;
};

/// Bytes for a person: the text in quotes if it can be shown, else hex; the middle of many is left out.
std::string brief(std::string_view bytes);

}  // namespace duplex::check
