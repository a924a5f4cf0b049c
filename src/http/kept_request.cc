#include "http/kept_request.h"

#include <algorithm>
#include <functional>
#include <string_view>

namespace duplex::http {

namespace {

bool sameField(const Field& one, const Field& other) noexcept {
  return one.name == other.name && one.value == other.value;
}

}  // namespace

KeptRequest::KeptRequest(const RequestData& whole, const Address& peer) {
  const RequestHead& head = whole.request;
  std::size_t size = head.target.size() + head.authority.size();
  for (const Field& param : whole.params) size += param.value.size();
  // Room for all of it: views into it stay.
  request.text.reserve(size);
  const auto copy = [this](std::string_view text) {
    const std::size_t start = request.text.size();
    request.text.append(text);
    return std::string_view(request.text).substr(start);
  };
  request.version = head.version;
  // No other method asks for an upgrade.
  request.method = "GET";
  request.target = copy(head.target);
  request.path = request.target.substr(0, head.path.size());
  if (!head.query.empty()) request.query = request.target.substr(head.path.size() + 1);
  request.authority = copy(head.authority);
  request.upgrade = head.upgrade;
  params.reserve(whole.params.size());
  // The names belong to the routes.
  for (const Field& param : whole.params) params.push_back({param.name, copy(param.value)});
  values = whole.values;
  remote = peer;
  secure = whole.secure;
  certificate = whole.certificate;
  base = whole.base;
}

std::size_t KeptRequests::Hash::operator()(const RequestData* data) const noexcept {
  return std::hash<std::string_view>()(data->request.target);
}

bool KeptRequests::Same::operator()(const RequestData* one, const RequestData* other) const noexcept {
  const RequestHead& a = one->request;
  const RequestHead& b = other->request;
  // A route that is mounted twice has other parameters by each way, perhaps for the same target.
  return a.target == b.target && a.authority == b.authority && a.version == b.version &&
         one->secure == other->secure && one->certificate == other->certificate && one->base == other->base &&
         std::equal(one->params.begin(), one->params.end(), other->params.begin(), other->params.end(),
                    sameField);
}

Request KeptRequests::keep(const Request& whole) {
  RequestData& data = *whole.data();
  if (data.values && !data.values->empty()) {
    return Request(Ref<RequestData>::adopt(new KeptRequest(data, data.remote)).get());
  }
  const auto found = shared_.find(&data);
  if (found != shared_.end()) return Request(*found);
  const auto made = Ref<RequestData>::adopt(new KeptRequest(data, Address()));
  shared_.insert(made.get());
  made->shared = true;
  return Request(made.get());
}

void KeptRequests::own(Request& kept, const Address& peer) {
  if (kept.data() == nullptr || !kept.data()->shared) return;
  const auto made = Ref<RequestData>::adopt(new KeptRequest(*kept.data(), peer));
  drop(kept);
  kept = Request(made.get());
}

void KeptRequests::drop(Request& kept) noexcept {
  const Request dropped = std::move(kept);
  if (dropped.data() == nullptr || !dropped.data()->shared || !dropped.data()->unique()) return;
  shared_.erase(dropped.data());
  // What a crowd has left behind is not kept for the next one.
  if (shared_.empty()) shared_ = {};
}

}  // namespace duplex::http
