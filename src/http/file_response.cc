#include "http/file_response.h"

#include <string>
#include <utility>

#include "http/ascii.h"
#include "http/byte_range.h"
#include "http/connection.h"
#include "http/date.h"
#include "http/etag.h"
#include "http/mime.h"
#include "http/precondition.h"

namespace duplex::http {

namespace {

void setFileHeaders(HeaderBlock& headers, const std::string& etag, std::time_t modified,
                    std::string_view name, std::chrono::seconds maxAge) {
  if (!headers.has("Content-Type")) {
    const std::string_view type = mimeType(name);
    headers.set("Content-Type", type.empty() ? "application/octet-stream" : type);
  }
  if (!headers.has("Cache-Control")) {
    headers.set("Cache-Control", "public, max-age=" + std::to_string(maxAge.count()));
  }
  headers.set("Accept-Ranges", "bytes");
  headers.set("Last-Modified", formatDate(modified));
  headers.set("ETag", etag);
}

/// An answer without the file: 304, 412, 416.
void respondWithout(Exchange& exchange, int status) {
  exchange.status = status;
  exchange.headers.remove("Content-Type");
  exchange.connection->respond(exchange, Bytes());
}

Error notFound(const std::string& path, const std::error_code& error) {
  Error failure(error, path);
  const bool absent = error == std::errc::no_such_file_or_directory || error == std::errc::not_a_directory ||
                      error == std::errc::permission_denied || error == std::errc::cross_device_link ||
                      error == std::errc::too_many_symbolic_link_levels ||
                      error == std::errc::filename_too_long || error == std::errc::is_a_directory;
  failure.status = absent ? 404 : 500;
  return failure;
}

}  // namespace

void respondWithFile(Exchange& exchange, File file, std::string_view name, std::chrono::seconds maxAge) {
  if (exchange.connection == nullptr || !exchange.claim()) return;
  const RequestHead& request = exchange.request;
  const std::string etag = makeEtag(file.size(), file.modified());
  const std::time_t modified = file.modified().tv_sec;
  setFileHeaders(exchange.headers, etag, modified, name, maxAge);

  FileBody body{std::move(file)};
  body.length = body.file.size();
  if (exchange.status == 200 && (request.method == "GET" || request.method == "HEAD")) {
    const Validators validators{etag, modified};
    switch (evaluate(request, validators)) {
      case Precondition::NotModified:
        return respondWithout(exchange, 304);
      case Precondition::Failed:
        return respondWithout(exchange, 412);
      case Precondition::Send:
        break;
    }
    const std::uint64_t size = body.length;
    ByteRange range;
    if (request.method == "GET" && rangeApplies(request, validators)) {
      range = parseRange(request.value("Range"), size);
    }
    if (range.kind == ByteRange::Kind::Unsatisfiable) {
      exchange.headers.set("Content-Range", "bytes */" + std::to_string(size));
      return respondWithout(exchange, 416);
    }
    if (range.kind == ByteRange::Kind::Part) {
      exchange.status = 206;
      exchange.headers.set("Content-Range", "bytes " + std::to_string(range.offset) + "-" +
                                                std::to_string(range.offset + range.length - 1) + "/" +
                                                std::to_string(size));
      body.offset = range.offset;
      body.length = range.length;
    }
  }
  exchange.connection->respond(exchange, std::move(body));
}

void sendFile(Exchange& exchange, const std::string& path, const std::string& root,
              std::chrono::seconds maxAge) {
  if (exchange.connection == nullptr || exchange.ended()) return;
  std::error_code error;
  File file;
  if (root.empty()) {
    file = File::open(path.c_str(), error);
  } else if (const std::string_view below = std::string_view(path).substr(path.starts_with('/') ? 1 : 0);
             path.find('\0') != std::string::npos || !isPlainPath(below, false)) {
    error = std::make_error_code(std::errc::no_such_file_or_directory);
  } else if (const File folder = File::open(root.c_str(), error); !error) {
    file = File::open(folder, std::string(below).c_str(), error);
  }
  if (!error && file.isFolder()) error = std::make_error_code(std::errc::is_a_directory);
  if (error) return failChain(exchange, notFound(path, error));
  respondWithFile(exchange, std::move(file), path, maxAge);
}

bool isPlainPath(std::string_view path, bool dotfiles) noexcept {
  if (path.find('\\') != std::string_view::npos) return false;
  while (!path.empty()) {
    const std::string_view segment = splitFront(path, '/');
    if (segment.empty() || segment == "." || segment == "..") return false;
    if (!dotfiles && segment.front() == '.') return false;
  }
  return true;
}

}  // namespace duplex::http
