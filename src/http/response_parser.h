#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include <duplex/error.h>

#include "base/bytes.h"
#include "protocol/handshake.h"

namespace duplex::http {

/// Reads the head of a server's response (RFC 9112 §4), as a client's handshake needs it: status and
/// headers, not a byte more.
class ResponseHeadParser {
 public:
  enum class Result { NeedMore, Complete, Failed };

  /// `maxHeaderSize`: of status line and headers together, in bytes.
  explicit ResponseHeadParser(std::size_t maxHeaderSize);
  ResponseHeadParser(const ResponseHeadParser&) = delete;
  ResponseHeadParser& operator=(const ResponseHeadParser&) = delete;
  ~ResponseHeadParser();

  /// Takes the next bytes of the connection and keeps of them what it needs. Interim responses, 1xx
  /// but 101, are passed over (RFC 9110 §15.2). `consumed` counts the bytes up to the end of the head: with
  /// Complete the rest is what follows it, with the others it is all. Not to be called again after Complete
  /// or Failed.
  Result feed(Bytes bytes, std::size_t& consumed);

  /// Once it is complete; views live as long as the parser.
  int status() const noexcept;
  /// 11 for HTTP/1.1.
  int version() const noexcept;
  std::span<const protocol::HeaderField> headers() const noexcept;
  /// Once it has failed: BadResponse or HeaderTooLarge.
  Errc error() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace duplex::http
