#include "http/request_data.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "http/ascii.h"
#include "http/cookie.h"
#include "http/query.h"

namespace duplex::http {

namespace {

// What is used again keeps no more than this of what a large head made it take.
constexpr std::size_t keptMemory = 16 * 1024;

}  // namespace

void ValueTable::set(std::string_view name, void* object, const void* tag, void (*destroy)(void*)) {
  for (Value& value : values_) {
    if (value.name != name) continue;
    const Value old = std::exchange(value, Value{value.name, object, tag, destroy});
    old.destroy(old.object);
    return;
  }
  values_.push_back({std::string(name), object, tag, destroy});
}

void* ValueTable::get(std::string_view name, const void* tag) const noexcept {
  for (const Value& value : values_) {
    if (value.name == name) return value.tag == tag ? value.object : nullptr;
  }
  return nullptr;
}

void ValueTable::clear() noexcept {
  for (const Value& value : values_) value.destroy(value.object);
  values_.clear();
}

RequestData::~RequestData() = default;

void* RequestData::value(std::string_view name, const void* tag) const noexcept {
  return values ? values->get(name, tag) : nullptr;
}

void RequestData::setValue(std::string_view name, void* object, const void* tag, void (*destroy)(void*)) {
  if (!values) values = Ref<ValueTable>::adopt(new ValueTable);
  values->set(name, object, tag, destroy);
}

RequestData::Lists& RequestData::lists() {
  if (!lists_) lists_ = std::make_unique<Lists>();
  return *lists_;
}

const std::vector<Field>& RequestData::query() {
  Lists& read = lists();
  if (!std::exchange(read.queryRead, true)) parseQuery(request.query, read.query, texts);
  return read.query;
}

const std::vector<Field>& RequestData::cookies() {
  Lists& read = lists();
  if (!std::exchange(read.cookiesRead, true)) parseCookies(join("Cookie", "; "), read.cookies);
  return read.cookies;
}

std::string_view RequestData::header(std::string_view name) {
  return join(name, equalsIgnoringCase(name, "Cookie") ? "; " : ", ");
}

std::string_view RequestData::join(std::string_view name, std::string_view separator) {
  const Field* first = request.find(name);
  if (first == nullptr) return {};
  const Field* const end = request.fields.data() + request.fields.size();
  const auto same = [name](const Field& field) { return equalsIgnoringCase(field.name, name); };
  if (std::none_of(first + 1, end, same)) return first->value;

  std::vector<Field>& known = lists().joined;
  for (const Field& joined : known) {
    if (same(joined)) return joined.value;
  }
  std::string value(first->value);
  for (const Field* field = first + 1; field != end; ++field) {
    if (same(*field)) value.append(separator).append(field->value);
  }
  const std::string_view kept = texts.emplace_front(std::move(value));
  known.push_back({first->name, kept});
  return kept;
}

std::vector<protocol::HeaderField> RequestData::headerFields() const {
  std::vector<protocol::HeaderField> fields;
  fields.reserve(request.fields.size());
  for (const Field& field : request.fields) fields.push_back({field.name, field.value});
  return fields;
}

void RequestData::clear() noexcept {
  if (request.text.capacity() > keptMemory) std::string().swap(request.text);
  request.clear();
  base = 0;
  params.clear();
  if (values && !values->unique()) values = {};
  if (values) values->clear();
  if (lists_) {
    lists_->query.clear();
    lists_->cookies.clear();
    lists_->joined.clear();
    lists_->queryRead = lists_->cookiesRead = false;
  }
  texts.clear();
}

}  // namespace duplex::http
