#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <system_error>

#include <duplex/export.h>

namespace duplex {

/// What can go wrong, by the rule that was broken. Each has a message, and the close code or the
/// HTTP status that a peer is told (see `closeCode`, `httpStatus`).
enum class Errc {
  // Frames (RFC 6455 §5)
  ReservedBit = 1,         ///< RSV1–3 set without an extension that gives them a meaning
  ReservedOpcode,          ///< opcodes 3–7 and 11–15
  ControlFragmented,       ///< a control frame without FIN
  ControlTooLong,          ///< a control frame with more than 125 bytes
  MaskRequired,            ///< a client's frame without a mask
  MaskForbidden,           ///< a server's frame with a mask
  LengthNotMinimal,        ///< a length written in more bytes than it needs
  LengthTooLarge,          ///< a 64-bit length with its highest bit set
  UnexpectedContinuation,  ///< a continuation with nothing to continue
  ExpectedContinuation,    ///< a new data frame inside a fragmented message
  InvalidUtf8,             ///< text or a close reason that is not UTF-8
  CloseBodyTooShort,       ///< a close body of one byte
  CloseCodeInvalid,        ///< a close code that may not stand on the wire
  MessageTooBig,           ///< more bytes than `maxMessageSize`
  TooManyFragments,        ///< more frames in a message than `maxFragments`
  InvalidCompression,      ///< a compressed message that is no DEFLATE (RFC 7692 §7.2.2)
  TooManyFrames,           ///< more frames in a second than `maxFramesPerSecond`
  // Handshake (RFC 6455 §4)
  MethodNotGet,
  HttpVersionTooOld,
  UpgradeMissing,      ///< no `websocket` in Upgrade
  ConnectionMissing,   ///< no `upgrade` in Connection
  KeyInvalid,          ///< Sec-WebSocket-Key absent, repeated, or not 16 bytes of base64
  VersionUnsupported,  ///< Sec-WebSocket-Version is not 13
  ProtocolInvalid,     ///< Sec-WebSocket-Protocol malformed, or a value not offered
  ExtensionInvalid,    ///< Sec-WebSocket-Extensions malformed, or one not offered
  OriginForbidden,
  HandshakeRefused,  ///< the server answered something else than 101
  AcceptInvalid,     ///< Sec-WebSocket-Accept absent or wrong
  RedirectRefused,   ///< a redirect that may not be followed, or one too many
  ProxyRefused,      ///< the proxy made no connection; `Error::status` is its answer
  // HTTP
  BadRequest,
  BadResponse,
  HeaderTooLarge,
  TooManyHeaders,
  BodyTooLarge,
  ExpectationFailed,
  ProxyHeaderInvalid,  ///< a trusted proxy's connection does not begin with a PROXY header
  // Time and room
  ConnectTimeout,
  HandshakeTimeout,
  RequestTimeout,  ///< the headers took longer than `headerTimeout`
  RequestTooSlow,  ///< the headers came more slowly than `minHeaderRate`
  BodyTimeout,
  SendTimeout,  ///< the peer took no byte of an answer for `sendTimeout`
  IdleTimeout,
  CloseTimeout,
  BufferFull,  ///< more bytes queued for a slow peer than `maxBufferedAmount`
  TooManyConnections,
  TooManyFromAddress,            ///< more connections than `maxConnectionsPerAddress`
  TooManyHandshakes,             ///< more connections without a request than `maxHandshakes`
  TooManyHandshakesFromAddress,  ///< more of them than `maxHandshakesPerAddress`
  // Connection
  ConnectFailed,
  NameNotFound,
  TlsFailed,           ///< the two sides did not come to terms, or what came was no TLS
  CertificateInvalid,  ///< the peer's certificate: nobody vouches for it, or it is not for that name
  ConnectionLost,      ///< the connection ended without a Close frame
  Terminated,          ///< cut off by `terminate()` or by a shutdown's deadline
  HandlerFailed,       ///< a handler threw
  Unanswered,          ///< a handler let its Response go without answering
  Unsupported,         ///< not built into this binary or not offered by this kernel
};

DUPLEX_API const std::error_category& errorCategory() noexcept;
DUPLEX_API std::error_code make_error_code(Errc error) noexcept;

/// The close code a peer is told (RFC 6455 §7.4.1): 1002, 1007, 1008, 1009, 1011 …; 1006 where
/// nothing can be told.
DUPLEX_API std::uint16_t closeCode(Errc error) noexcept;
/// The HTTP status a refused request gets: 400, 403, 408, 413, 426, 429, 431 …; 500 where no other fits.
DUPLEX_API int httpStatus(Errc error) noexcept;

/// What error handlers and `onerror` are given. A value; safe to keep.
struct DUPLEX_API Error {
  std::error_code code;
  /// For a log, in words; never sent to a peer.
  std::string message;
  /// What a handler threw, if it threw.
  std::exception_ptr exception;
  /// The HTTP status that the default error handler answers; with HandshakeRefused the one that the
  /// server answered, with ProxyRefused the proxy's.
  int status = 500;

  Error() = default;
  Error(Errc error);
  Error(Errc error, std::string detail);
  Error(std::error_code code, std::string detail);
  /// Of what is being handled; call it in a `catch` block.
  static Error current();
};

/// Thrown by the `WebSocket` members for misuse, under the names of the browser's DOMException.
class DUPLEX_API Exception : public std::exception {
 public:
  explicit Exception(std::string message) : message_(std::move(message)) {}
  const char* what() const noexcept override { return message_.c_str(); }

 private:
  std::string message_;
};
/// A URL, a subprotocol or a close reason that breaks its grammar.
class DUPLEX_API SyntaxError : public Exception {
  using Exception::Exception;
};
/// A close code that an application may not send.
class DUPLEX_API InvalidAccessError : public Exception {
  using Exception::Exception;
};
/// `send` before the connection is open.
class DUPLEX_API InvalidStateError : public Exception {
  using Exception::Exception;
};

}  // namespace duplex

template <>
struct std::is_error_code_enum<duplex::Errc> : std::true_type {};
