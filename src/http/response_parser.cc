#include "http/response_parser.h"

#include <string>
#include <vector>

#include "http/beast_parser.h"
#include "http/head_buffer.h"

namespace duplex::http {

namespace {

namespace beast = boost::beast;

// A server cannot want more from a client; the size limit alone would allow thousands.
constexpr std::size_t maxHeaders = 200;

class Reader final : public BeastParser<false> {
 public:
  Reader(std::string& text, std::vector<protocol::HeaderField>& fields) : text_(text), fields_(fields) {
    skip(true);
    header_limit(0xffffffff);
  }

  int status() const noexcept { return status_; }
  int version() const noexcept { return version_; }

 private:
  using ErrorCode = beast::error_code;
  using Text = beast::string_view;

  // `text_` has room for the whole head: views into it stay.
  std::string_view keep(Text text) {
    const std::size_t start = text_.size();
    text_.append(text.data(), text.size());
    return std::string_view(text_).substr(start);
  }

  void on_request_impl(beast::http::verb, Text, Text, int, ErrorCode&) override {}
  void on_response_impl(int code, Text, int version, ErrorCode&) override {
    status_ = code;
    version_ = version;
  }
  void on_field_impl(beast::http::field, Text name, Text value, ErrorCode&) override {
    const std::string_view kept = keep(name);
    fields_.push_back({kept, keep(value)});
  }
  void on_trailer_field_impl(beast::http::field, Text, Text, ErrorCode&) override {}
  void on_header_impl(ErrorCode&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, ErrorCode&) override {}
  std::size_t on_body_impl(Text, ErrorCode&) override { return 0; }
  void on_chunk_header_impl(std::uint64_t, Text, ErrorCode&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, Text, ErrorCode&) override { return 0; }
  void on_finish_impl(ErrorCode&) override {}

  std::string& text_;
  std::vector<protocol::HeaderField>& fields_;
  int status_ = 0;
  int version_ = 0;
};

}  // namespace

struct ResponseHeadParser::State {
  explicit State(std::size_t limit) : buffer(limit) {}

  HeadBuffer buffer;
  std::string text;
  std::vector<protocol::HeaderField> fields;
  int status = 0;
  int version = 0;
  Errc error = Errc::BadResponse;

  Result fail(Errc reason) noexcept {
    error = reason;
    return Result::Failed;
  }
  Result feed(Bytes bytes, std::size_t& consumed);
  Result read();
  bool isInterim() const noexcept { return status / 100 == 1 && status != 101; }
};

ResponseHeadParser::Result ResponseHeadParser::State::feed(Bytes bytes, std::size_t& consumed) {
  // What cannot become a status line need not be waited for.
  if (buffer.empty() && !bytes.empty() && bytes.front() != std::byte{'H'}) {
    consumed = 0;
    return fail(Errc::BadResponse);
  }
  switch (buffer.feed(bytes, consumed)) {
    case HeadBuffer::Result::NeedMore:
      return Result::NeedMore;
    case HeadBuffer::Result::TooLarge:
      return fail(Errc::HeaderTooLarge);
    case HeadBuffer::Result::Complete:
      break;
  }
  const Result result = read();
  buffer.clear();
  return result;
}

ResponseHeadParser::Result ResponseHeadParser::State::read() {
  const std::string_view head = buffer.head();
  switch (checkLines(head, maxHeaders)) {
    case LineCheck::Malformed:
      return fail(Errc::BadResponse);
    case LineCheck::TooMany:
      return fail(Errc::HeaderTooLarge);
    case LineCheck::Ok:
      break;
  }
  fields.clear();
  text.clear();
  text.reserve(head.size());
  Reader reader(text, fields);
  beast::error_code failure;
  reader.put(boost::asio::const_buffer(head.data(), head.size()), failure);
  // There is no class of status below 100 (RFC 9110 §15), though three digits can say so.
  if (failure || !reader.is_header_done() || reader.status() < 100) return fail(Errc::BadResponse);
  status = reader.status();
  version = reader.version();
  return Result::Complete;
}

ResponseHeadParser::ResponseHeadParser(std::size_t maxHeaderSize)
    : state_(std::make_unique<State>(maxHeaderSize)) {}
ResponseHeadParser::~ResponseHeadParser() = default;

ResponseHeadParser::Result ResponseHeadParser::feed(Bytes bytes, std::size_t& consumed) {
  consumed = 0;
  while (true) {
    std::size_t used = 0;
    const Result result = state_->feed(bytes.subspan(consumed), used);
    consumed += used;
    if (result != Result::Complete || !state_->isInterim()) return result;
  }
}

int ResponseHeadParser::status() const noexcept {
  return state_->status;
}
int ResponseHeadParser::version() const noexcept {
  return state_->version;
}
std::span<const protocol::HeaderField> ResponseHeadParser::headers() const noexcept {
  return state_->fields;
}
Errc ResponseHeadParser::error() const noexcept {
  return state_->error;
}

}  // namespace duplex::http
