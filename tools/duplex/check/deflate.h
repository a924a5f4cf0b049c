#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace duplex::check {

/// Compresses messages for the other end (RFC 7692 §7.2.1), by zlib.
class Deflater {
 public:
  /// A window of 8 bits, which zlib has not, is kept by making no reference back at all.
  Deflater(int windowBits, bool noTakeover);
  ~Deflater();
  std::string message(std::string_view payload);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Inflates messages (RFC 7692 §7.2.2), and notices references beyond the window.
class Inflater {
 public:
  Inflater(int windowBits, bool noTakeover);
  ~Inflater();
  /// Nothing if `payload` is not DEFLATE, or refers to what is out of the window, or is longer than `limit`.
  std::optional<std::string> message(std::string_view payload, std::size_t limit);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace duplex::check
