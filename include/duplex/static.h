#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include <duplex/export.h>
#include <duplex/handler.h>

namespace duplex {

struct StaticOptions {
  /// Sent for a folder; empty: folders are not answered.
  std::string index = "index.html";
  /// Cache-Control: max-age.
  std::chrono::seconds maxAge{0};
  /// Files and folders whose name begins with a dot are sent too.
  bool dotfiles = false;
};

/// Middleware that answers GET and HEAD with the files below `folder`: MIME type by ending, ETag,
/// Last-Modified, conditions, one range. What is not there goes on to the next handler, and so does
/// a WebSocket request. Neither `..` nor a symbolic link leads out of the folder.
/// Throws std::system_error if the folder cannot be opened.
DUPLEX_API Handler serveStatic(std::string_view folder, StaticOptions options = {});

}  // namespace duplex
