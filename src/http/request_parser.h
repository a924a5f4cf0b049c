#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include <duplex/error.h>

#include "base/bytes.h"
#include "http/request_head.h"

namespace duplex {
struct HttpLimits;
}

namespace duplex::http {

/// Reads requests from a connection's bytes (RFC 9112), strictly: whatever two readers could
/// understand in two ways is refused. Incremental, in time linear in the bytes, and bounded.
class RequestParser {
 public:
  enum class Event {
    NeedMore,  ///< all bytes were taken
    Head,      ///< request line and headers are complete
    Complete,  ///< the body is complete, too
    Failed,    ///< see `error` and `status`; the connection cannot go on
  };

  /// Of `limits`, which outlive the parser, it holds the header and the body to their sizes.
  explicit RequestParser(const HttpLimits& limits);
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;
  ~RequestParser();

  /// The next message goes into these, which are empty and outlive it.
  void start(RequestHead& head, std::string& body);
  /// Reads `bytes` up to the next event; `consumed` says how many that took. Head and Complete are
  /// two events also of a request without a body.
  Event feed(Bytes bytes, std::size_t& consumed);

  /// Whether a byte of the message that was started has come.
  bool began() const noexcept;
  /// Once it has failed: what to report, and the status to answer.
  Errc error() const noexcept;
  int status() const noexcept;

 private:
  class Message;
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace duplex::http
