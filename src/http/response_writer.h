#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/output_queue.h"
#include "http/file.h"
#include "http/header_block.h"
#include "http/request_head.h"

namespace duplex::http {

/// Writes one answer after the other onto a connection (RFC 9112 §6): chooses how the body's end is
/// marked, and keeps to what the head has promised.
class ResponseWriter {
 public:
  /// Begins the answer to `request`; `keepAlive` says whether the connection may go on after it.
  void start(const RequestHead& request, bool keepAlive) noexcept;
  /// Begins one to a request that could not be read.
  void start() noexcept;

  /// Writes the head. `length` is the body's, if it is known; else `headers` may say. `headers` about
  /// the connection and the framing are left out but for what decides them: Content-Length,
  /// `Connection: close` and `Connection: Upgrade`.
  void head(int status, const HeaderBlock& headers, std::optional<std::uint64_t> length, OutputQueue& out);
  /// Writes a part of the body; nothing where the answer has none (HEAD, 204, 304). What goes beyond
  /// the length that the head has promised is dropped.
  void body(Bytes part, OutputQueue& out);
  /// Makes `file` the rest of the body, to be written by `pump`.
  void body(FileBody file) noexcept;
  /// Writes some of the file, if there is one; false when it has ended before its time, and the answer
  /// cannot be completed.
  bool pump(OutputQueue& out);
  bool pumping() const noexcept { return file_.length != 0; }
  /// Bytes that a file puts into the queue before it waits for the peer to take them.
  static constexpr std::size_t window = 256 * 1024;
  /// Writes the end of the body; false if the head has promised more.
  bool end(OutputQueue& out);

  bool headSent() const noexcept { return headSent_; }
  /// Whether the connection can take another request after this answer.
  bool keepAlive() const noexcept { return keepAlive_; }
  void forbidKeepAlive() noexcept { keepAlive_ = false; }

 private:
  enum class Framing : std::uint8_t { None, Length, Chunked, UntilClose };

  FileBody file_;
  /// Bytes that Content-Length still promises.
  std::uint64_t remaining_ = 0;
  Framing framing_ = Framing::None;
  int version_ = 11;
  bool isHead_ = false;
  bool keepAlive_ = false;
  bool headSent_ = false;
};

}  // namespace duplex::http
