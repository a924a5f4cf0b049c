#include <duplex/error.h>

#include <array>
#include <utility>

namespace duplex {
namespace {

// What a peer is told where nothing can be told, and where no other status fits.
constexpr std::uint16_t noCode = 1006;
constexpr int noStatus = 500;

struct Row {
  Errc error;
  std::uint16_t closeCode;
  int httpStatus;
  const char* message;
};

constexpr Row rows[] = {
    {Errc::ReservedBit, 1002, noStatus, "a reserved bit is set in a frame"},
    {Errc::ReservedOpcode, 1002, noStatus, "a frame has a reserved opcode"},
    {Errc::ControlFragmented, 1002, noStatus, "a control frame is fragmented"},
    {Errc::ControlTooLong, 1002, noStatus, "a control frame has more than 125 bytes"},
    {Errc::MaskRequired, 1002, noStatus, "a frame from a client is not masked"},
    {Errc::MaskForbidden, 1002, noStatus, "a frame from a server is masked"},
    {Errc::LengthNotMinimal, 1002, noStatus, "a frame's length is written in more bytes than it needs"},
    {Errc::LengthTooLarge, 1002, noStatus, "a frame's length has its highest bit set"},
    {Errc::UnexpectedContinuation, 1002, noStatus, "a continuation frame has nothing to continue"},
    {Errc::ExpectedContinuation, 1002, noStatus, "a data frame stands inside a fragmented message"},
    {Errc::InvalidUtf8, 1007, noStatus, "text is not valid UTF-8"},
    {Errc::CloseBodyTooShort, 1002, noStatus, "a close frame has a body of one byte"},
    {Errc::CloseCodeInvalid, 1002, noStatus, "a close code may not stand on the wire"},
    {Errc::MessageTooBig, 1009, noStatus, "a message is larger than the limit"},
    {Errc::TooManyFragments, 1008, noStatus, "a message has more fragments than the limit"},
    {Errc::InvalidCompression, 1007, noStatus, "a compressed message cannot be inflated"},
    {Errc::TooManyFrames, 1008, noStatus, "more frames came in a second than the limit"},

    {Errc::MethodNotGet, noCode, 405, "the handshake's method is not GET"},
    {Errc::HttpVersionTooOld, noCode, 400, "the handshake's HTTP version is below 1.1"},
    {Errc::UpgradeMissing, noCode, 426, "the handshake has no websocket in Upgrade"},
    {Errc::ConnectionMissing, noCode, 400, "the handshake has no upgrade in Connection"},
    {Errc::KeyInvalid, noCode, 400, "Sec-WebSocket-Key is absent, repeated or malformed"},
    {Errc::VersionUnsupported, noCode, 426, "Sec-WebSocket-Version is not 13"},
    {Errc::ProtocolInvalid, noCode, 400,
     "Sec-WebSocket-Protocol is malformed, or no subprotocol that was offered was agreed on"},
    {Errc::ExtensionInvalid, noCode, 400, "Sec-WebSocket-Extensions is malformed or not what was offered"},
    {Errc::OriginForbidden, noCode, 403, "the origin is not allowed"},
    {Errc::HandshakeRefused, noCode, 502, "the server did not answer 101"},
    {Errc::AcceptInvalid, noCode, 502, "Sec-WebSocket-Accept is absent or wrong"},
    {Errc::RedirectRefused, noCode, 502, "the redirect may not be followed"},
    {Errc::ProxyRefused, noCode, 502, "the proxy made no connection"},

    {Errc::BadRequest, noCode, 400, "the request is malformed"},
    {Errc::BadResponse, noCode, 502, "the response is malformed"},
    {Errc::HeaderTooLarge, noCode, 431, "the header is larger than the limit"},
    {Errc::TooManyHeaders, noCode, 431, "there are more headers than the limit"},
    {Errc::BodyTooLarge, noCode, 413, "the body is larger than the limit"},
    {Errc::ExpectationFailed, noCode, 417, "the expectation cannot be met"},
    {Errc::ProxyHeaderInvalid, noCode, 400, "the PROXY header is absent or malformed"},

    {Errc::ConnectTimeout, noCode, 504, "connecting took too long"},
    {Errc::HandshakeTimeout, noCode, 408, "the handshake took too long"},
    {Errc::RequestTimeout, noCode, 408, "the request took too long"},
    {Errc::RequestTooSlow, noCode, 408, "the request came too slowly"},
    {Errc::BodyTimeout, noCode, 408, "the request's body took too long"},
    {Errc::SendTimeout, noCode, 408, "the peer took nothing of the answer for too long"},
    {Errc::IdleTimeout, 1001, 408, "the connection was idle for too long"},
    {Errc::CloseTimeout, noCode, noStatus, "the peer did not close in time"},
    {Errc::BufferFull, 1008, 503, "the peer is too slow: more bytes are queued than the limit"},
    {Errc::TooManyConnections, 1013, 503, "there are more connections than the limit"},
    {Errc::TooManyFromAddress, 1013, 429, "there are more connections from one address than the limit"},
    {Errc::TooManyHandshakes, 1013, 503, "there are more connections without a request than the limit"},
    {Errc::TooManyHandshakesFromAddress, 1013, 429,
     "there are more connections without a request from one address than the limit"},

    {Errc::ConnectFailed, noCode, 502, "the connection could not be made"},
    {Errc::NameNotFound, noCode, 502, "the host name was not found"},
    {Errc::TlsFailed, noCode, 502, "TLS failed"},
    {Errc::CertificateInvalid, noCode, 502, "the peer's certificate is not accepted"},
    {Errc::ConnectionLost, noCode, noStatus, "the connection ended without a close frame"},
    {Errc::Terminated, noCode, noStatus, "the connection was cut off on this side"},
    {Errc::HandlerFailed, 1011, 500, "a handler threw"},
    {Errc::Unanswered, 1011, 500, "a handler let its response go without answering"},
    {Errc::Unsupported, noCode, 501, "not built into this binary or not offered by this kernel"},
};

constexpr bool isInOrder() {
  int expected = 1;
  for (const Row& row : rows) {
    if (static_cast<int>(row.error) != expected++) return false;
  }
  return expected == static_cast<int>(Errc::Unsupported) + 1;
}
static_assert(isInOrder(), "one row for each error, in the order of Errc");

const Row* find(int error) noexcept {
  const bool known = error >= 1 && error <= static_cast<int>(Errc::Unsupported);
  return known ? &rows[error - 1] : nullptr;
}

class Category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "duplex"; }
  std::string message(int error) const override {
    const Row* row = find(error);
    return row != nullptr ? row->message : error == 0 ? "no error" : "unknown error";
  }
};

int statusOf(const std::error_code& code) noexcept {
  return code.category() == errorCategory() ? httpStatus(static_cast<Errc>(code.value())) : noStatus;
}

std::string join(std::string message, std::string_view detail) {
  return detail.empty() ? message : message.append(": ").append(detail);
}

}  // namespace

const std::error_category& errorCategory() noexcept {
  static const Category category;
  return category;
}

std::error_code make_error_code(Errc error) noexcept {
  return {static_cast<int>(error), errorCategory()};
}

std::uint16_t closeCode(Errc error) noexcept {
  const Row* row = find(static_cast<int>(error));
  return row != nullptr ? row->closeCode : noCode;
}

int httpStatus(Errc error) noexcept {
  const Row* row = find(static_cast<int>(error));
  return row != nullptr ? row->httpStatus : noStatus;
}

Error::Error(Errc error) : Error(make_error_code(error), {}) {}
Error::Error(Errc error, std::string detail) : Error(make_error_code(error), std::move(detail)) {}
Error::Error(std::error_code errorCode, std::string detail)
    : code(errorCode), message(join(errorCode.message(), detail)), status(statusOf(errorCode)) {}

Error Error::current() {
  const auto failed = [](std::string_view what) {
    Error error(Errc::HandlerFailed);
    error.message = join(std::move(error.message), what);
    error.exception = std::current_exception();
    return error;
  };
  try {
    throw;
  } catch (const std::system_error& thrown) {
    // Its code is kept, so that a handler can choose the answer by throwing one of ours.
    Error error = failed(thrown.what());
    error.code = thrown.code();
    error.status = statusOf(thrown.code());
    return error;
  } catch (const std::exception& thrown) {
    return failed(thrown.what());
  } catch (...) {
    return failed("something that is not a std::exception");
  }
}

}  // namespace duplex
