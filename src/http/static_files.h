#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <duplex/handler.h>
#include <duplex/static.h>

#include "http/exchange.h"
#include "http/file.h"

namespace duplex::http {

/// A folder that is served; see `serveStatic`. Constant: many threads may use it.
class StaticFiles {
 public:
  /// Throws std::system_error if the folder cannot be opened.
  StaticFiles(const std::string& folder, StaticOptions options);

  /// Answers with the file that the request's path, as the router that runs sees it, leads to. False if
  /// there is none for it: the next handler may know. On the owner's thread.
  bool serve(Exchange& exchange) const;

 private:
  File open(std::string_view path, std::string& name, std::error_code& error) const;
  void redirect(Exchange& exchange) const;

  File folder_;
  StaticOptions options_;
};

}  // namespace duplex::http
