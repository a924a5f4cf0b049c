#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <duplex/request.h>

namespace duplex::http {

/// Request line and headers of one request (RFC 9112 §3, §5), as plain data. All views point into
/// `text` and live as long as it is not cleared; therefore it stays where it is.
struct RequestHead {
  RequestHead() = default;
  RequestHead(const RequestHead&) = delete;
  RequestHead& operator=(const RequestHead&) = delete;

  std::string_view method;
  /// Path and query as sent, in origin form; "*" of `OPTIONS *`.
  std::string_view target;
  std::string_view path;
  /// Without the question mark.
  std::string_view query;
  /// Of an absolute target, else of Host (RFC 9112 §3.2.2).
  std::string_view authority;
  /// In the order sent; values without white space around them.
  std::vector<Field> fields;
  /// 11 for HTTP/1.1.
  int version = 11;
  /// Whether another request may follow: the client means to send one (RFC 9112 §9.3), and has not
  /// asked for a WebSocket.
  bool keepAlive = false;
  /// Whether it waits for "100 Continue" before it sends the body (RFC 9110 §10.1.1).
  bool expectContinue = false;
  /// Whether it asks to become a WebSocket, well-formed or not.
  bool upgrade = false;

  /// The first header of that name, in any case; null if there is none.
  const Field* find(std::string_view name) const noexcept;
  /// Its value; empty if there is none.
  std::string_view value(std::string_view name) const noexcept;
  /// Makes it empty, and keeps the memory.
  void clear() noexcept;

  std::string text;
};

}  // namespace duplex::http
