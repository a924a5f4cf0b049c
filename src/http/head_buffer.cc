#include "http/head_buffer.h"

#include <algorithm>

namespace duplex::http {

namespace {

constexpr std::string_view emptyLine = "\r\n\r\n";

}  // namespace

HeadBuffer::Result HeadBuffer::feed(Bytes bytes, std::size_t& consumed) {
  const std::string_view text = asText(bytes);
  if (kept_.empty()) {
    const std::size_t end = text.find(emptyLine);
    if (end != std::string_view::npos) {
      head_ = text.substr(0, end + emptyLine.size());
      consumed = head_.size();
      return head_.size() > limit_ ? Result::TooLarge : Result::Complete;
    }
  }
  // One byte over the limit is enough to know that it is exceeded.
  const std::size_t before = kept_.size();
  kept_.append(text.substr(0, limit_ + 1 - std::min(limit_, before)));
  consumed = kept_.size() - before;
  const std::size_t end = kept_.find(emptyLine, before < 3 ? 0 : before - 3);
  if (end == std::string::npos) return kept_.size() > limit_ ? Result::TooLarge : Result::NeedMore;
  kept_.resize(end + emptyLine.size());
  consumed = kept_.size() - before;
  head_ = kept_;
  return head_.size() > limit_ ? Result::TooLarge : Result::Complete;
}

void HeadBuffer::clear() noexcept {
  head_ = {};
  // A connection between two requests should not hold the memory of the largest head it has seen.
  if (kept_.capacity() > 1024) {
    std::string().swap(kept_);
  } else {
    kept_.clear();
  }
}

LineCheck checkLines(std::string_view head, std::size_t maxHeaders) noexcept {
  std::size_t lines = 0;
  for (std::size_t start = 0; start < head.size(); ++lines) {
    if (head[start] == ' ' || head[start] == '\t') return LineCheck::Malformed;
    const std::size_t end = head.find('\n', start);
    if (end == std::string_view::npos || end == start || head[end - 1] != '\r') return LineCheck::Malformed;
    start = end + 1;
  }
  // The start line and the empty line are no headers.
  return lines > maxHeaders + 2 ? LineCheck::TooMany : LineCheck::Ok;
}

}  // namespace duplex::http
