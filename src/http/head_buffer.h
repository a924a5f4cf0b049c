#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace duplex::http {

/// Collects the head of a message until the empty line that ends it. The parser then sees it once and
/// whole, so that a head that comes byte by byte is not read again for every byte.
class HeadBuffer {
 public:
  enum class Result { NeedMore, Complete, TooLarge };

  explicit HeadBuffer(std::size_t limit) noexcept : limit_(limit) {}

  /// `consumed` counts the bytes that belong to the head.
  Result feed(Bytes bytes, std::size_t& consumed);
  /// Once it is complete: the head with its empty line; valid until the next call of another member,
  /// and no longer than the bytes that were fed last.
  std::string_view head() const noexcept { return head_; }
  bool empty() const noexcept { return kept_.empty(); }
  void clear() noexcept;

 private:
  std::size_t limit_;
  std::string kept_;
  std::string_view head_;
};

enum class LineCheck { Ok, Malformed, TooMany };

/// Whether every line of `head` ends with CRLF, none is the continuation of the one before (obs-fold,
/// RFC 9112 §5.2), and there are at most `maxHeaders` after the first. What characters stand in the
/// lines is for the parser to judge.
LineCheck checkLines(std::string_view head, std::size_t maxHeaders) noexcept;

}  // namespace duplex::http
