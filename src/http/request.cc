#include <duplex/request.h>

#include "base/bytes.h"
#include "http/exchange.h"
#include "http/media_type.h"

namespace duplex {

namespace {

std::string_view valueOf(std::span<const Field> fields, std::string_view name) noexcept {
  for (const Field& field : fields) {
    if (field.name == name) return field.value;
  }
  return {};
}

}  // namespace

Request::Request(http::RequestData* data) noexcept : data_(data) {
  if (data_ != nullptr) data_->retain();
}
Request::Request(const Request& other) noexcept : Request(other.data_) {}
Request::~Request() {
  if (data_ != nullptr) data_->release();
}

std::string_view Request::method() const noexcept {
  return data_ == nullptr ? std::string_view() : data_->request.method;
}
std::string_view Request::url() const noexcept {
  return data_ == nullptr ? std::string_view() : data_->request.target;
}
std::string_view Request::path() const noexcept {
  if (data_ == nullptr) return {};
  const std::string_view path = data_->request.path.substr(data_->base);
  return path.empty() ? std::string_view("/") : path;
}
std::string_view Request::baseUrl() const noexcept {
  return data_ == nullptr ? std::string_view() : data_->request.path.substr(0, data_->base);
}
std::string_view Request::host() const noexcept {
  return data_ == nullptr ? std::string_view() : data_->request.authority;
}
std::string_view Request::protocol() const noexcept {
  if (data_ == nullptr) return {};
  return data_->secure ? "https" : "http";
}
bool Request::secure() const noexcept {
  return data_ != nullptr && data_->secure;
}
std::string_view Request::clientCertificate() const noexcept {
  return data_ == nullptr ? std::string_view() : data_->certificate;
}

std::string_view Request::params(std::string_view name) const noexcept {
  // Of two with the same name, the one of the innermost router.
  const std::span<const Field> all = params();
  for (std::size_t i = all.size(); i-- > 0;) {
    if (all[i].name == name) return all[i].value;
  }
  return {};
}
std::span<const Field> Request::params() const noexcept {
  if (data_ == nullptr) return {};
  return data_->params;
}
std::string_view Request::query(std::string_view name) const noexcept {
  return valueOf(query(), name);
}
std::span<const Field> Request::query() const noexcept {
  if (data_ == nullptr) return {};
  return data_->query();
}
std::string_view Request::header(std::string_view name) const noexcept {
  return data_ == nullptr ? std::string_view() : data_->header(name);
}
std::span<const Field> Request::headers() const noexcept {
  if (data_ == nullptr) return {};
  return data_->request.fields;
}
std::string_view Request::cookies(std::string_view name) const noexcept {
  return valueOf(cookies(), name);
}
std::span<const Field> Request::cookies() const noexcept {
  if (data_ == nullptr) return {};
  return data_->cookies();
}

std::span<const std::byte> Request::body() const noexcept {
  return asBytes(text());
}
std::string_view Request::text() const noexcept {
  return exchange() == nullptr ? std::string_view() : std::string_view(exchange()->body);
}

Address Request::remoteAddress() const noexcept {
  return data_ == nullptr ? Address() : data_->remote;
}
bool Request::is(std::string_view type) const noexcept {
  return http::isType(header("Content-Type"), type);
}
std::string_view Request::accepts(std::initializer_list<std::string_view> types) const noexcept {
  return http::preferredType(header("Accept"), types);
}
bool Request::isUpgrade() const noexcept {
  return data_ != nullptr && data_->request.upgrade;
}

http::Exchange* Request::exchange() const noexcept {
  return data_ == nullptr ? nullptr : data_->exchange();
}

void Request::setValue(std::string_view name, void* made, const void* type, void (*destroy)(void*)) const {
  if (data_ == nullptr) return destroy(made);
  data_->setValue(name, made, type, destroy);
}
void* Request::getValue(std::string_view name, const void* type) const noexcept {
  return data_ == nullptr ? nullptr : data_->value(name, type);
}

}  // namespace duplex
