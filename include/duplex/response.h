#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <duplex/export.h>
#include <duplex/function.h>

namespace duplex {

namespace http {
struct Exchange;
}

/// Attributes of Set-Cookie (RFC 6265 §4.1).
struct CookieOptions {
  std::string path = "/";
  std::string domain{};
  /// Negative: the cookie ends with the browser's session.
  std::chrono::seconds maxAge{-1};
  bool httpOnly = true;
  bool secure = false;
  /// "Strict", "Lax", "None", or empty for no attribute.
  std::string sameSite = "Lax";
};

struct SendFileOptions {
  /// The path is taken below this folder and cannot leave it, nor name what begins with a dot. Empty:
  /// as it stands.
  std::string root{};
  /// Cache-Control: max-age.
  std::chrono::seconds maxAge{0};
};

/// The answer to one request, as Express has it.
///
/// A small value that shares what it refers to. Keep a copy to answer later: from a timer, or from
/// another thread (one thread at a time). When the client has left, every call is a no-op. If the
/// last copy goes and nothing was answered, the client gets 500.
///
/// `send`, `json`, `sendFile`, `redirect`, `sendStatus` and `end` answer, once; what comes after
/// that has no effect. Texts are copied.
class DUPLEX_API Response {
 public:
  Response() noexcept = default;
  explicit Response(http::Exchange* exchange) noexcept;
  Response(const Response& other) noexcept;
  Response(Response&& other) noexcept : exchange_(std::exchange(other.exchange_, nullptr)) {}
  Response& operator=(Response other) noexcept {
    std::swap(exchange_, other.exchange_);
    return *this;
  }
  ~Response();

  /// 200 until set. Throws std::invalid_argument outside 200–599.
  const Response& status(int code) const;
  /// 101 once a WebSocket has been made of the request.
  int statusCode() const noexcept;
  /// Sets a header, in the place of one of that name. Throws std::invalid_argument for a name that is
  /// no token, or for CR, LF or NUL in the value.
  const Response& set(std::string_view name, std::string_view value) const;
  /// Adds a header beside those of that name.
  const Response& append(std::string_view name, std::string_view value) const;
  const Response& remove(std::string_view name) const;
  /// A header set before; empty if there is none.
  std::string_view get(std::string_view name) const noexcept;
  /// Sets Content-Type, from a MIME type or from a file's ending: "html", ".png".
  const Response& type(std::string_view type) const;
  const Response& cookie(std::string_view name, std::string_view value,
                         const CookieOptions& options = {}) const;
  const Response& clearCookie(std::string_view name, const CookieOptions& options = {}) const;

  /// Answers with a text; text/html if no type was set. Sends ETag, and 304 where the client has it.
  void send(std::string_view body) const;
  void send(const char* body) const { send(std::string_view(body)); }
  /// Answers with bytes; application/octet-stream if no type was set.
  void send(std::span<const std::byte> body) const;
  /// Answers with JSON text.
  void json(std::string_view text) const;
  void json(const char* text) const { json(std::string_view(text)); }
  /// Answers with a JSON value that has `dump()`, such as nlohmann::json.
  template <class Json>
  requires requires(const Json& value) { std::string_view(value.dump()); }
  void json(const Json& value) const { json(std::string_view(value.dump())); }
  /// Answers with a file: type by its ending, ETag, Last-Modified, conditions and one range
  /// (RFC 9110 §13, §14). A file that is not there goes on to the error handlers with 404.
  void sendFile(std::string_view path, const SendFileOptions& options = {}) const;
  /// Answers 302, or `code`, with Location.
  void redirect(std::string_view url) const;
  void redirect(int code, std::string_view url) const;
  /// Answers with the code and its phrase as text.
  void sendStatus(int code) const;

  /// Sends a part of the body; the first one sends the head, without a Content-Length unless one was
  /// set. Returns false when more is queued than the peer takes: wait for `ondrain`.
  bool write(std::string_view part) const;
  bool write(std::span<const std::byte> part) const;
  void end() const;
  void end(std::string_view last) const;

  bool headersSent() const noexcept;
  /// Whether it has been answered, or the client has left.
  bool ended() const noexcept;
  /// The queue of `write` has been given to the kernel.
  void ondrain(Function<void()> handler) const;
  /// The client left before the answer was complete.
  void onclose(Function<void()> handler) const;

 private:
  http::Exchange* exchange_ = nullptr;
};

}  // namespace duplex
