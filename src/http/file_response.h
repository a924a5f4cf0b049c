#pragma once

#include <chrono>
#include <string_view>

#include "http/exchange.h"
#include "http/file.h"

namespace duplex::http {

/// Answers with an open file: type by the ending of `name`, ETag, Last-Modified, conditions and one
/// range (RFC 9110 §13, §14). On the owner's thread.
void respondWithFile(Exchange& exchange, File file, std::string_view name, std::chrono::seconds maxAge);

/// Answers with the file at `path`, below `root` if that is not empty; an error, such as 404, goes to
/// the error handlers. On the owner's thread.
void sendFile(Exchange& exchange, const std::string& path, const std::string& root,
              std::chrono::seconds maxAge);

/// Whether every segment of `path`, relative and decoded, is a name: none is empty but the last, none
/// is "." or "..", none has a backslash, and none begins with a dot unless `dotfiles` are allowed.
bool isPlainPath(std::string_view path, bool dotfiles) noexcept;

}  // namespace duplex::http
