#pragma once

#include <cstddef>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <duplex/address.h>
#include <duplex/error.h>
#include <duplex/export.h>

namespace duplex {

namespace http {
struct Exchange;
struct RequestData;
}  // namespace http

/// A name and its value: a header, a cookie, a parameter of the query or of the route.
struct Field {
  std::string_view name;
  std::string_view value;
};

/// An HTTP request, whole: its body has been read before the first handler runs.
///
/// A small value that shares what it refers to: a copy is cheap, and views taken from it are valid
/// as long as any copy is. Not to be used by two threads at once.
class DUPLEX_API Request {
 public:
  /// An empty request: every text is empty.
  Request() noexcept = default;
  explicit Request(http::RequestData* data) noexcept;
  Request(const Request& other) noexcept;
  Request(Request&& other) noexcept : data_(std::exchange(other.data_, nullptr)) {}
  Request& operator=(Request other) noexcept {
    std::swap(data_, other.data_);
    return *this;
  }
  ~Request();

  /// As sent: "GET".
  std::string_view method() const noexcept;
  /// The target as sent, without scheme and authority: "/users/7?full=1".
  std::string_view url() const noexcept;
  /// The path with percent-encoding kept; within a mounted router, what is left below its prefix.
  std::string_view path() const noexcept;
  /// The prefix under which the router that is running was mounted.
  std::string_view baseUrl() const noexcept;
  /// The request's authority, from the target if that is absolute, else from Host (RFC 9112
  /// §3.2.2): "localhost:5000".
  std::string_view host() const noexcept;
  /// "http" or "https".
  std::string_view protocol() const noexcept;
  /// Whether it came over TLS.
  bool secure() const noexcept;
  /// The subject of the client's certificate, which the server has verified (see TlsOptions):
  /// "CN=ann,O=Example" (RFC 4514). Without a subject its alternative names, without those its fingerprint;
  /// see the reference. Empty if the client has no certificate.
  std::string_view clientCertificate() const noexcept;

  /// A `:name` of the route's pattern, percent-decoded; `"*"` is what a wildcard matched. Empty if
  /// there is none.
  std::string_view params(std::string_view name) const noexcept;
  std::span<const Field> params() const noexcept;
  /// A parameter of the query, decoded; of several the first. Empty if there is none.
  std::string_view query(std::string_view name) const noexcept;
  std::span<const Field> query() const noexcept;
  /// A header, its name in any case; several of one name are joined by ", ". Empty if there is none.
  std::string_view header(std::string_view name) const noexcept;
  std::span<const Field> headers() const noexcept;
  std::string_view cookies(std::string_view name) const noexcept;
  std::span<const Field> cookies() const noexcept;

  std::span<const std::byte> body() const noexcept;
  /// The body as characters.
  std::string_view text() const noexcept;
  /// The body read as JSON by a type with a static `parse`, such as nlohmann::json. What that throws
  /// becomes a std::system_error of Errc::BadRequest, which is answered with 400.
  template <class Json>
  Json json() const {
    const std::string_view body = text();
    try {
      return Json::parse(body.begin(), body.end());
    } catch (const std::exception& error) {
      throw std::system_error(make_error_code(Errc::BadRequest), error.what());
    }
  }

  /// The other end of the connection.
  Address remoteAddress() const noexcept;
  /// Whether the Content-Type is `type`: "json", "text/*", "application/json".
  bool is(std::string_view type) const noexcept;
  /// The first of `types` ("html", "application/json") that the client's Accept header likes best;
  /// empty if it takes none (RFC 9110 §12.5.1).
  std::string_view accepts(std::initializer_list<std::string_view> types) const noexcept;
  /// Whether it asks to become a WebSocket.
  bool isUpgrade() const noexcept;

  /// Keeps `value` under `name` with the request, for the handlers that follow.
  template <class T>
  void set(std::string_view name, T value) const {
    setValue(name, new T(std::move(value)), &tag<T>, [](void* old) { delete static_cast<T*>(old); });
  }
  void set(std::string_view name, const char* value) const { set(name, std::string(value)); }
  /// What was set under `name`; null if there is nothing, or something of another type.
  template <class T>
  T* value(std::string_view name) const {
    return static_cast<T*>(getValue(name, &tag<T>));
  }

  /// What it refers to, and the exchange that this is a part of; for duplex itself.
  http::RequestData* data() const noexcept { return data_; }
  http::Exchange* exchange() const noexcept;

 private:
  template <class T>
  static inline constexpr char tag = 0;

  void setValue(std::string_view name, void* made, const void* tag, void (*destroy)(void*)) const;
  void* getValue(std::string_view name, const void* tag) const noexcept;

  http::RequestData* data_ = nullptr;
};

}  // namespace duplex
