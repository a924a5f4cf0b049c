#include "http/routes.h"

#include <stdexcept>

namespace duplex::http {

namespace {

Pattern compile(Routes::Kind kind, std::string_view pattern) {
  return Pattern(pattern, kind == Routes::Kind::Use ? Pattern::Extent::Prefix : Pattern::Extent::Whole);
}

}  // namespace

void Routes::add(Kind kind, std::string_view method, std::string_view pattern, RequestHandler handler) {
  layers_.push_back({kind, std::string(method), compile(kind, pattern), std::move(handler), {}, {}, {}});
}

void Routes::addErrorHandler(Kind kind, std::string_view method, std::string_view pattern,
                             ErrorHandler handler) {
  layers_.push_back({kind, std::string(method), compile(kind, pattern), {}, std::move(handler), {}, {}});
}

void Routes::mount(std::string_view pattern, Ref<Routes> routes) {
  if (routes->reaches(*this)) throw std::invalid_argument("a router cannot be mounted in itself");
  layers_.push_back({Kind::Use, {}, compile(Kind::Use, pattern), {}, {}, std::move(routes), {}});
}

UpgradeRoute& Routes::addUpgrade(std::string_view pattern, std::unique_ptr<UpgradeRoute> route) {
  UpgradeRoute& added = *route;
  layers_.push_back({Kind::Upgrade, {}, compile(Kind::Upgrade, pattern), {}, {}, {}, std::move(route)});
  return added;
}

bool Routes::reaches(const Routes& routes) const noexcept {
  if (this == &routes) return true;
  for (const Layer& layer : layers_) {
    if (layer.routes && layer.routes->reaches(routes)) return true;
  }
  return false;
}

}  // namespace duplex::http
