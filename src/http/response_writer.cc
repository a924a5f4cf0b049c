#include "http/response_writer.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>

#include "base/shared_bytes.h"
#include "http/ascii.h"
#include "http/date.h"
#include "http/status.h"
#include "protocol/handshake.h"

namespace duplex::http {

namespace {

// Small enough to come from the heap's free lists instead of a fresh mapping.
constexpr std::size_t fileChunk = 64 * 1024;

/// What headers set by a handler mean for the framing, and all the others as lines.
struct Chosen {
  std::optional<std::uint64_t> length;
  bool date = false;
  bool close = false;
  bool upgrade = false;
};

std::optional<std::uint64_t> readLength(std::string_view value) noexcept {
  std::uint64_t length = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), length);
  if (error != std::errc() || end != value.data() + value.size()) return std::nullopt;
  return length;
}

Chosen copyHeaders(std::string_view lines, std::string& text) {
  Chosen chosen;
  while (!lines.empty()) {
    const std::size_t end = lines.find('\n') + 1;
    const std::string_view line = lines.substr(0, end);
    lines.remove_prefix(end);
    const std::size_t colon = line.find(':');
    const std::string_view name = line.substr(0, colon);
    const auto is = [name](std::string_view other) { return equalsIgnoringCase(name, other); };
    const auto value = [&] { return trim(line.substr(colon + 1, line.size() - colon - 3)); };
    if (is("Content-Length")) {
      chosen.length = readLength(value());
    } else if (is("Connection")) {
      chosen.close |= protocol::hasToken(value(), "close");
      chosen.upgrade |= protocol::hasToken(value(), "upgrade");
    } else if (!is("Transfer-Encoding") && !is("Keep-Alive")) {
      chosen.date |= is("Date");
      text += line;
    }
  }
  return chosen;
}

void appendNumber(std::string& text, std::uint64_t number, int base = 10) {
  char digits[20];
  const auto result = std::to_chars(digits, digits + sizeof digits, number, base);
  text.append(digits, result.ptr);
}

}  // namespace

void ResponseWriter::start(const RequestHead& request, bool keepAlive) noexcept {
  file_ = {};
  remaining_ = 0;
  framing_ = Framing::None;
  version_ = request.version;
  isHead_ = request.method == "HEAD";
  keepAlive_ = keepAlive;
  headSent_ = false;
}

void ResponseWriter::start() noexcept {
  file_ = {};
  remaining_ = 0;
  framing_ = Framing::None;
  version_ = 11;
  isHead_ = false;
  keepAlive_ = false;
  headSent_ = false;
}

void ResponseWriter::head(int status, const HeaderBlock& headers, std::optional<std::uint64_t> length,
                          OutputQueue& out) {
  // Its memory serves every answer of this thread.
  thread_local std::string text;
  text.assign("HTTP/1.1 ");
  appendNumber(text, static_cast<std::uint64_t>(status));
  text.append(" ").append(reasonPhrase(status)).append("\r\n");
  const Chosen chosen = copyHeaders(headers.lines(), text);
  if (!chosen.date) text.append("Date: ").append(currentDate()).append("\r\n");

  if (!length) length = chosen.length;
  if (!hasBody(status)) {
    framing_ = Framing::None;
  } else if (length) {
    text.append("Content-Length: ");
    appendNumber(text, *length);
    text.append("\r\n");
    framing_ = isHead_ ? Framing::None : Framing::Length;
    remaining_ = *length;
  } else if (version_ >= 11) {
    text.append("Transfer-Encoding: chunked\r\n");
    framing_ = isHead_ ? Framing::None : Framing::Chunked;
  } else {
    framing_ = isHead_ ? Framing::None : Framing::UntilClose;
    keepAlive_ = keepAlive_ && isHead_;
  }

  if (chosen.close) keepAlive_ = false;
  if (chosen.upgrade) {
    text.append(keepAlive_ ? "Connection: Upgrade\r\n" : "Connection: Upgrade, close\r\n");
  } else if (!keepAlive_) {
    text.append("Connection: close\r\n");
  } else if (version_ < 11) {
    text.append("Connection: keep-alive\r\n");
  }
  text.append("\r\n");
  out.append(text);
  headSent_ = true;
}

void ResponseWriter::body(Bytes part, OutputQueue& out) {
  switch (framing_) {
    case Framing::None:
      return;
    case Framing::Length:
      if (part.size() > remaining_) part = part.first(static_cast<std::size_t>(remaining_));
      remaining_ -= part.size();
      break;
    case Framing::Chunked: {
      if (part.empty()) return;  // an empty chunk would be the last one
      std::string size;
      appendNumber(size, part.size(), 16);
      out.append(size.append("\r\n"));
      out.append(part);
      out.append(std::string_view("\r\n"));
      return;
    }
    case Framing::UntilClose:
      break;
  }
  out.append(part);
}

void ResponseWriter::body(FileBody file) noexcept {
  if (framing_ != Framing::None) file_ = std::move(file);
}

bool ResponseWriter::pump(OutputQueue& out) {
  while (pumping() && out.size() < window) {
    const std::size_t size = static_cast<std::size_t>(std::min<std::uint64_t>(fileChunk, file_.length));
    const Ref<SharedBytes> chunk = Ref<SharedBytes>::adopt(new SharedBytes(size));
    if (file_.file.read(file_.offset, chunk->writable()) != size) {
      file_ = {};
      return false;
    }
    out.append(chunk);
    file_.offset += size;
    file_.length -= size;
    remaining_ -= size;
  }
  if (!pumping()) file_ = {};
  return true;
}

bool ResponseWriter::end(OutputQueue& out) {
  if (framing_ == Framing::Chunked) out.append(std::string_view("0\r\n\r\n"));
  const bool kept = framing_ != Framing::Length || remaining_ == 0;
  framing_ = Framing::None;
  return kept;
}

}  // namespace duplex::http
