#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <duplex/export.h>

namespace duplex {

/// A message as it arrived. A view: its bytes are valid until the handler returns; copy what is to
/// stay longer.
class Message {
 public:
  enum class Type : std::uint8_t { Text, Binary };

  Message(Type type, std::span<const std::byte> bytes) noexcept : bytes_(bytes), type_(type) {}

  bool isText() const noexcept { return type_ == Type::Text; }
  bool isBinary() const noexcept { return type_ == Type::Binary; }
  Type type() const noexcept { return type_; }
  /// The payload as characters; of a text message valid UTF-8 (RFC 6455 §8.1), of a binary one any
  /// bytes.
  std::string_view text() const noexcept {
    return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()};
  }
  std::span<const std::byte> bytes() const noexcept { return bytes_; }
  /// In bytes.
  std::size_t size() const noexcept { return bytes_.size(); }

 private:
  std::span<const std::byte> bytes_;
  Type type_;
};

/// A message with bytes of its own, which stay as long as it does: what a coroutine receives.
class DUPLEX_API OwnedMessage : public Message {
 public:
  /// A copy of `message`.
  explicit OwnedMessage(const Message& message);
  OwnedMessage(const OwnedMessage& other) : OwnedMessage(static_cast<const Message&>(other)) {}
  OwnedMessage(OwnedMessage&& other) noexcept : Message(std::exchange(other.message(), empty())) {}
  OwnedMessage& operator=(OwnedMessage other) noexcept {
    std::swap(message(), other.message());
    return *this;
  }
  ~OwnedMessage();

 private:
  static Message empty() noexcept { return {Type::Text, {}}; }
  Message& message() noexcept { return *this; }
};

/// How a connection ended.
struct CloseEvent {
  /// The peer's close code; 1005 if its Close frame had none, 1006 if none came (RFC 6455 §7.1.5).
  std::uint16_t code = 1006;
  /// The peer's reason, UTF-8, at most 123 bytes.
  std::string reason;
  /// Whether the closing handshake was completed.
  bool wasClean = false;
};

}  // namespace duplex
