#include <duplex/static.h>

#include <memory>
#include <string>
#include <utility>

#include "http/static_files.h"

namespace duplex {

Handler serveStatic(std::string_view folder, StaticOptions options) {
  auto files = std::make_unique<http::StaticFiles>(std::string(folder), std::move(options));
  return [files = std::move(files)](Request& req, Response&, Next& next) {
    http::Exchange* exchange = req.exchange();
    if (exchange == nullptr || !files->serve(*exchange)) next();
  };
}

}  // namespace duplex
