#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <duplex/handler.h>

#include "base/ref.h"
#include "http/pattern.h"

namespace duplex::http {

/// What a WebSocket route does with a request that got through to it; whoever adds one knows.
class UpgradeRoute {
 public:
  virtual ~UpgradeRoute() = default;
};

using RequestHandler = Function<void(Request&, Response&, Next&)>;
using ErrorHandler = Function<void(const Error&, Request&, Response&, Next&)>;

/// Handlers in the order in which they are tried. Filled before it is used, then constant: many
/// threads may run requests through it.
class Routes final : public RefCounted<Routes> {
 public:
  enum class Kind : std::uint8_t {
    Use,      ///< leading segments, every method, WebSocket requests too
    All,      ///< the whole path, every method, WebSocket requests too
    Method,   ///< the whole path, one method
    Upgrade,  ///< the whole path, WebSocket requests alone
  };
  struct Layer {
    Kind kind;
    std::string method;
    Pattern pattern;
    // One of these.
    RequestHandler onRequest;
    ErrorHandler onError;
    Ref<Routes> routes;
    std::unique_ptr<UpgradeRoute> upgrade;
  };

  /// All throw std::invalid_argument for a pattern that is none; see Pattern. `method` counts only
  /// for Kind::Method.
  void add(Kind kind, std::string_view method, std::string_view pattern, RequestHandler handler);
  void addErrorHandler(Kind kind, std::string_view method, std::string_view pattern, ErrorHandler handler);
  /// Mounts `routes` below `pattern`. Throws std::invalid_argument if that makes a circle.
  void mount(std::string_view pattern, Ref<Routes> routes);
  /// The route lives as long as these routes.
  UpgradeRoute& addUpgrade(std::string_view pattern, std::unique_ptr<UpgradeRoute> route);

  const std::vector<Layer>& layers() const noexcept { return layers_; }

 private:
  bool reaches(const Routes& routes) const noexcept;

  std::vector<Layer> layers_;
};

}  // namespace duplex::http
