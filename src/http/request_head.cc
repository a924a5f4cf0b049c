#include "http/request_head.h"

#include "http/ascii.h"

namespace duplex::http {

const Field* RequestHead::find(std::string_view name) const noexcept {
  for (const Field& field : fields) {
    if (equalsIgnoringCase(field.name, name)) return &field;
  }
  return nullptr;
}

std::string_view RequestHead::value(std::string_view name) const noexcept {
  const Field* field = find(name);
  return field == nullptr ? std::string_view() : field->value;
}

void RequestHead::clear() noexcept {
  version = 11;
  method = target = path = query = authority = {};
  fields.clear();
  keepAlive = expectContinue = upgrade = false;
  text.clear();
}

}  // namespace duplex::http
