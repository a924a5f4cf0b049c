#include "http/static_files.h"

#include <system_error>
#include <utility>

#include "http/ascii.h"
#include "http/chain.h"
#include "http/connection.h"
#include "http/file_response.h"
#include "http/percent.h"

namespace duplex::http {

namespace {

/// Decodes a path segment by segment, so that an encoded slash does not become one that separates: a
/// route that guards a folder has not seen it either.
bool decodePath(std::string_view path, std::string& decoded) {
  std::string segment;
  while (!path.empty()) {
    const bool more = path.find('/') != std::string_view::npos;
    if (!percentDecode(splitFront(path, '/'), segment)) return false;
    // No file's name has a slash or is empty in its midst; isPlainPath refuses what this makes.
    if (segment.find('/') != std::string::npos) segment = "..";
    decoded += segment;
    if (more) decoded += '/';
  }
  return true;
}

/// Whether the file may be there, and it is this process or the machine that cannot open it.
bool isScarcity(const std::error_code& error) noexcept {
  return error == std::errc::too_many_files_open || error == std::errc::too_many_files_open_in_system ||
         error == std::errc::not_enough_memory || error == std::errc::io_error;
}

}  // namespace

StaticFiles::StaticFiles(const std::string& folder, StaticOptions options) : options_(std::move(options)) {
  std::error_code error;
  folder_ = File::open(folder.c_str(), error);
  if (!error && !folder_.isFolder()) error = std::make_error_code(std::errc::not_a_directory);
  if (error) throw std::system_error(error, folder);
}

/// The file at the relative path, or a folder's index; none if there is neither. `name` becomes the
/// file's name.
File StaticFiles::open(std::string_view path, std::string& name, std::error_code& error) const {
  name = path.empty() ? "." : path;
  File file = File::open(folder_, name.c_str(), error);
  if (error || !file.isFolder()) return file;
  if (options_.index.empty()) return {};
  if (!name.ends_with('/')) name += '/';
  name += options_.index;
  file = File::open(folder_, name.c_str(), error);
  return file.isFolder() ? File() : std::move(file);
}

bool StaticFiles::serve(Exchange& exchange) const {
  const RequestHead& request = exchange.request;
  if (request.upgrade || (request.method != "GET" && request.method != "HEAD")) return false;
  std::string_view path = request.path.substr(exchange.base);
  if (path.starts_with('/')) path.remove_prefix(1);
  std::string decoded;
  if (!decodePath(path, decoded)) {
    Error error(Errc::BadRequest, "bad percent-encoding in the path");
    error.status = 400;
    failChain(exchange, std::move(error));
    return true;
  }
  if (!isPlainPath(decoded, options_.dotfiles)) return false;

  std::string name;
  std::error_code error;
  File file = open(decoded, name, error);
  if (isScarcity(error)) {
    failChain(exchange, Error(error, name));
    return true;
  }
  if (!file) return false;
  // Links in a folder's page are relative to its path with the slash; a file has none.
  const bool isIndex = name.size() > decoded.size();
  if (isIndex && !request.path.ends_with('/')) {
    redirect(exchange);
    return true;
  }
  if (!isIndex && decoded.ends_with('/')) return false;
  respondWithFile(exchange, std::move(file), name, options_.maxAge);
  return true;
}

void StaticFiles::redirect(Exchange& exchange) const {
  if (exchange.connection == nullptr || !exchange.claim()) return;
  const RequestHead& request = exchange.request;
  std::string location = encodeUrl(request.path);
  location += '/';
  if (!request.query.empty()) location.append("?").append(encodeUrl(request.query));
  exchange.status = 301;
  exchange.headers.set("Location", location);
  exchange.connection->respond(exchange, Bytes());
}

}  // namespace duplex::http
