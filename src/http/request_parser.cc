#include "http/request_parser.h"

#include <algorithm>
#include <optional>

#include <duplex/http_limits.h>

#include "http/ascii.h"
#include "http/beast_parser.h"
#include "http/head_buffer.h"
#include "http/target.h"
#include "protocol/handshake.h"

namespace duplex::http {

namespace {

namespace beast = boost::beast;
using ErrorCode = beast::error_code;
using Text = beast::string_view;

// Chunk extensions mean nothing to us; a body could be made of little else.
constexpr std::size_t maxExtensions = 16 * 1024;
// A chunk's size line, or the last chunk's with the trailers.
constexpr std::size_t maxChunkHeader = 8 * 1024;

constexpr std::string_view lastChunk = "0\r\n\r\n";

std::string_view plain(Text text) noexcept {
  return {text.data(), text.size()};
}

/// Whether a chunk's size line is there and ends within a quoted string, in which no line ends (RFC 9110
/// §5.6.4). Beast would look for the string's end in what follows, and count the chunk's size anew whenever
/// more of that comes.
bool lineEndsInQuotes(std::string_view unread) noexcept {
  // The end of the chunk before it.
  if (unread.starts_with("\r\n")) unread.remove_prefix(2);
  const std::size_t end = unread.find("\r\n");
  if (end == std::string_view::npos) return false;
  bool quoted = false;
  for (std::size_t i = 0; i < end; ++i) {
    if (unread[i] == '"') quoted = !quoted;
    if (unread[i] == '\\' && quoted) ++i;
  }
  return quoted;
}

/// Whether Beast refused a chunk's size line for its length, as it does from Boost 1.90 on.
bool endlessLine(const ErrorCode& failure, std::string_view unread) noexcept {
  return failure == beast::http::error::bad_chunk_extension &&
         unread.find("\r\n", 2) == std::string_view::npos;
}

}  // namespace

/// One message in Beast's parser, and the rules that Beast leaves to its users.
class RequestParser::Message final : public BeastParser<true> {
 public:
  Message(const HttpLimits& limits, RequestHead& head, std::string& body, std::size_t headSize)
      : head_(head), body_(body) {
    eager(true);
    header_limit(0xffffffff);
    body_limit(limits.maxBodySize);
    head_.text.reserve(headSize);
  }

  /// What was found wrong, if Beast did not find it itself.
  Errc error() const noexcept { return error_; }
  int status() const noexcept { return status_; }
  /// The last chunk's size is read, and trailers may follow. Before Boost 1.90 all that is read at once.
  bool inTrailers() const noexcept { return inTrailers_; }

  /// After the last header line.
  bool finishHead() noexcept {
    if (head_.version >= 11 && hosts_ == 0) return refuse(Errc::BadRequest, 400);
    // Whatever its method: the client, or a proxy in between, may take what follows for frames, and
    // we must not take it for requests.
    head_.keepAlive = keep_alive() && !asksForWebSocket_;
    return true;
  }

 private:
  bool refuse(Errc error, int status) noexcept {
    error_ = error;
    status_ = status;
    return false;
  }

  ErrorCode tooLarge() noexcept {
    refuse(Errc::HeaderTooLarge, 431);
    return beast::http::error::header_limit;
  }

  // `text` has room for all that is kept: views into it stay.
  std::string_view keep(std::string_view text) {
    const std::size_t start = head_.text.size();
    head_.text.append(text);
    return std::string_view(head_.text).substr(start);
  }

  void on_request_impl(beast::http::verb, Text method, Text target, int version,
                       ErrorCode& failure) override {
    if (!target.starts_with('/')) head_.text.reserve(head_.text.capacity() + target.size() + 1);
    head_.version = version;
    head_.method = keep(plain(method));
    Target parts;
    std::string made;
    if (!parseTarget(head_.method, keep(plain(target)), parts, made)) {
      failure = beast::http::error::bad_target;
      return;
    }
    head_.target = made.empty() ? parts.origin : keep(made);
    head_.path = parts.path;
    head_.query = parts.query;
    head_.authority = parts.authority;
    absolute_ = !parts.authority.empty();
  }

  void on_field_impl(beast::http::field field, Text name, Text value, ErrorCode& failure) override {
    if (is_header_done()) return on_trailer_field_impl(field, name, value, failure);
    const std::string_view kept = keep(plain(name));
    head_.fields.push_back({kept, keep(plain(value))});
    if (!judge(field, head_.fields.back().value)) failure = beast::http::error::bad_value;
  }

  // What it says means nothing to us, but may mean something to others (RFC 9110 §6.5.1).
  void on_trailer_field_impl(beast::http::field field, Text name, Text value, ErrorCode& failure) override {
    trailers_ += name.size() + value.size();
    if (trailers_ > maxChunkHeader) failure = tooLarge();
    if (field == beast::http::field::content_length || field == beast::http::field::transfer_encoding) {
      failure = beast::http::error::bad_value;
    }
  }

  bool judge(beast::http::field field, std::string_view value) {
    switch (field) {
      case beast::http::field::host:
        if (++hosts_ > 1 || !isHost(value)) return refuse(Errc::BadRequest, 400);
        if (!absolute_) head_.authority = value;
        return true;
      case beast::http::field::content_length:
        if (++lengths_ > 1 || !std::all_of(value.begin(), value.end(), isDigit)) {
          return refuse(Errc::BadRequest, 400);
        }
        return true;
      case beast::http::field::transfer_encoding:
        if (head_.version < 11) return refuse(Errc::BadRequest, 400);
        return equalsIgnoringCase(value, "chunked") || refuse(Errc::BadRequest, 501);
      case beast::http::field::expect:
        if (!equalsIgnoringCase(value, "100-continue")) return refuse(Errc::ExpectationFailed, 417);
        head_.expectContinue = head_.version >= 11;
        return true;
      case beast::http::field::upgrade:
        asksForWebSocket_ |= protocol::hasToken(value, "websocket");
        head_.upgrade = asksForWebSocket_ && head_.method == "GET";
        return true;
      default:
        return true;
    }
  }

  void on_chunk_header_impl(std::uint64_t size, Text extensions, ErrorCode& failure) override {
    inTrailers_ = size == 0;
    extensions_ += extensions.size();
    if (extensions_ > maxExtensions) failure = tooLarge();
  }
  std::size_t on_body_impl(Text part, ErrorCode&) override {
    body_.append(part.data(), part.size());
    return part.size();
  }
  std::size_t on_chunk_body_impl(std::uint64_t, Text part, ErrorCode&) override {
    body_.append(part.data(), part.size());
    return part.size();
  }
  void on_response_impl(int, Text, int, ErrorCode&) override {}
  void on_header_impl(ErrorCode&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, ErrorCode&) override {}
  void on_finish_impl(ErrorCode&) override {}

  RequestHead& head_;
  std::string& body_;
  Errc error_{};
  int status_ = 0;
  int hosts_ = 0;
  int lengths_ = 0;
  bool absolute_ = false;
  bool asksForWebSocket_ = false;
  bool inTrailers_ = false;
  std::size_t extensions_ = 0;
  std::size_t trailers_ = 0;
};

struct RequestParser::State {
  explicit State(const HttpLimits& httpLimits) : limits(httpLimits), buffer(limits.maxHeaderSize) {}

  const HttpLimits& limits;
  HeadBuffer buffer;
  RequestHead* head = nullptr;
  std::string* body = nullptr;
  std::optional<Message> message;
  /// Of a chunked body, what the parser must see again together with what follows.
  std::string rest;
  bool began = false;
  Errc error{};
  int status = 0;

  Event fail(Errc reason, int code) noexcept {
    error = reason;
    status = code;
    return Event::Failed;
  }
  Event fail(const ErrorCode& failure) noexcept;
  Event feedHead(Bytes bytes, std::size_t& consumed);
  Event checkHead(std::string_view text) noexcept;
  Event feedBody(Bytes bytes, std::size_t& consumed);
};

RequestParser::Event RequestParser::State::fail(const ErrorCode& failure) noexcept {
  if (message->status() != 0) return fail(message->error(), message->status());
  if (failure == beast::http::error::body_limit) return fail(Errc::BodyTooLarge, 413);
  return fail(Errc::BadRequest, 400);
}

/// What is said of the head as a whole, before its lines are read. NeedMore: nothing against it.
RequestParser::Event RequestParser::State::checkHead(std::string_view text) noexcept {
  switch (checkLines(text, limits.maxHeaders)) {
    case LineCheck::Malformed:
      return fail(Errc::BadRequest, 400);
    case LineCheck::TooMany:
      return fail(Errc::TooManyHeaders, 431);
    case LineCheck::Ok:
      break;
  }
  // HTTP-version = "HTTP/" DIGIT "." DIGIT (RFC 9112 §2.3)
  const std::string_view line = text.substr(0, text.find('\r'));
  const std::size_t space = line.rfind(' ');
  const std::string_view version = space == std::string_view::npos ? line : line.substr(space + 1);
  if (version.size() != 8 || !version.starts_with("HTTP/") || !isDigit(version[5]) || version[6] != '.' ||
      !isDigit(version[7])) {
    return fail(Errc::BadRequest, 400);
  }
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return fail(Errc::BadRequest, 505);
  return Event::NeedMore;
}

RequestParser::Event RequestParser::State::feedHead(Bytes bytes, std::size_t& consumed) {
  // An empty line before a request is skipped (RFC 9112 §2.2).
  std::size_t skipped = 0;
  if (!began) {
    while (skipped < bytes.size() &&
           (bytes[skipped] == std::byte{'\r'} || bytes[skipped] == std::byte{'\n'})) {
      ++skipped;
    }
  }
  consumed = skipped;
  bytes = bytes.subspan(skipped);
  if (bytes.empty()) return Event::NeedMore;
  // What cannot become a method, such as the first byte of TLS, need not be waited for.
  if (!began && !protocol::isToken(asText(bytes.first(1)))) return fail(Errc::BadRequest, 400);
  began = true;

  std::size_t taken = 0;
  const HeadBuffer::Result result = buffer.feed(bytes, taken);
  consumed += taken;
  if (result == HeadBuffer::Result::NeedMore) return Event::NeedMore;
  if (result == HeadBuffer::Result::TooLarge) return fail(Errc::HeaderTooLarge, 431);
  const std::string_view text = buffer.head();
  if (checkHead(text) == Event::Failed) return Event::Failed;

  message.emplace(limits, *head, *body, text.size());
  ErrorCode failure;
  message->put(boost::asio::const_buffer(text.data(), text.size()), failure);
  if (failure || !message->is_header_done() || !message->finishHead()) return fail(failure);
  buffer.clear();
  return Event::Head;
}

RequestParser::Event RequestParser::State::feedBody(Bytes bytes, std::size_t& consumed) {
  consumed = 0;
  if (message->is_done()) return Event::Complete;
  if (bytes.empty()) return Event::NeedMore;
  const std::size_t before = rest.size();
  if (before != 0) {
    rest.append(asText(bytes));
    // Beast may assert to be shown so much of a last chunk; no message ends with less.
    if (rest.size() < lastChunk.size() && !message->inTrailers()) {
      consumed = bytes.size();
      return Event::NeedMore;
    }
    bytes = asBytes(rest);
  }
  ErrorCode failure;
  const std::size_t used = message->put(boost::asio::const_buffer(bytes.data(), bytes.size()), failure);
  const std::string_view unread = asText(bytes.subspan(used));
  if (failure && failure != beast::http::error::need_more) {
    return endlessLine(failure, unread) ? fail(Errc::HeaderTooLarge, 431) : fail(failure);
  }
  if (message->is_done()) {
    consumed = used - before;
    rest.clear();
    return Event::Complete;
  }
  consumed = bytes.size() - before;
  if (!message->inTrailers() && lineEndsInQuotes(unread)) return fail(Errc::BadRequest, 400);
  if (unread.size() > maxChunkHeader) return fail(Errc::HeaderTooLarge, 431);
  if (before != 0) {
    rest.erase(0, used);
  } else {
    rest.assign(unread);
  }
  return Event::NeedMore;
}

RequestParser::RequestParser(const HttpLimits& limits) : state_(std::make_unique<State>(limits)) {}
RequestParser::~RequestParser() = default;

void RequestParser::start(RequestHead& head, std::string& body) {
  state_->head = &head;
  state_->body = &body;
  state_->message.reset();
  state_->rest.clear();
  state_->buffer.clear();
  state_->began = false;
}

RequestParser::Event RequestParser::feed(Bytes bytes, std::size_t& consumed) {
  return state_->message ? state_->feedBody(bytes, consumed) : state_->feedHead(bytes, consumed);
}

bool RequestParser::began() const noexcept {
  return state_->began;
}
Errc RequestParser::error() const noexcept {
  return state_->error;
}
int RequestParser::status() const noexcept {
  return state_->status;
}

}  // namespace duplex::http
