#include "http/exchange.h"

#include <algorithm>
#include <utility>

#include "http/ascii.h"
#include "http/connection.h"
#include "http/cookie.h"
#include "http/query.h"

namespace duplex::http {

namespace {

// A recycled exchange keeps no more than this of what a large message made it take.
constexpr std::size_t keptMemory = 16 * 1024;

void shrinkText(std::string& text) noexcept {
  if (text.capacity() > keptMemory) std::string().swap(text);
}

void call(const Function<void()>& handler, const Exchange::Report& report) {
  if (!handler) return;
  try {
    handler();
  } catch (...) {
    if (report) report(Error::current());
  }
}

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

Exchange::~Exchange() = default;

const std::vector<Field>& Exchange::query() {
  if (!std::exchange(queryRead_, true)) parseQuery(request.query, query_, texts);
  return query_;
}

const std::vector<Field>& Exchange::cookies() {
  if (!std::exchange(cookiesRead_, true)) parseCookies(join("Cookie", "; "), cookies_);
  return cookies_;
}

std::string_view Exchange::header(std::string_view name) {
  return join(name, equalsIgnoringCase(name, "Cookie") ? "; " : ", ");
}

std::string_view Exchange::join(std::string_view name, std::string_view separator) {
  const Field* first = request.find(name);
  if (first == nullptr) return {};
  const Field* const end = request.fields.data() + request.fields.size();
  const auto same = [name](const Field& field) { return equalsIgnoringCase(field.name, name); };
  if (std::none_of(first + 1, end, same)) return first->value;

  for (const Field& joined : joined_) {
    if (same(joined)) return joined.value;
  }
  std::string value(first->value);
  for (const Field* field = first + 1; field != end; ++field) {
    if (same(*field)) value.append(separator).append(field->value);
  }
  const std::string_view kept = texts.emplace_front(std::move(value));
  joined_.push_back({first->name, kept});
  return kept;
}

std::vector<protocol::HeaderField> Exchange::headerFields() const {
  std::vector<protocol::HeaderField> fields;
  fields.reserve(request.fields.size());
  for (const Field& field : request.fields) fields.push_back({field.name, field.value});
  return fields;
}

void Exchange::onOwner(Function<void(ServerConnection&)> action) {
  if (mailbox == nullptr) return;
  if (local()) {
    if (connection != nullptr) action(*connection);
    return;
  }
  mailbox->post([self = Ref<Exchange>(this), action = std::move(action)] {
    if (self->connection != nullptr) action(*self->connection);
  });
}

bool Exchange::ended() const noexcept {
  return claimed.load(std::memory_order_acquire) || left.load(std::memory_order_acquire);
}

void Exchange::releaseAnswerer() noexcept {
  if (answerers_.fetch_sub(1, std::memory_order_acq_rel) != 1 || ended()) return;
  onOwner([this](ServerConnection& owner) { owner.unanswered(*this); });
}

void Exchange::onDrain(Function<void()> handler) {
  if (local()) {
    if (connection != nullptr) drainHandler_ = std::move(handler);
    return;
  }
  if (mailbox == nullptr) return;
  mailbox->post([self = Ref<Exchange>(this), handler = std::move(handler)]() mutable {
    if (self->connection == nullptr) return;
    const bool had = self->congested.load(std::memory_order_acquire);
    self->drainHandler_ = std::move(handler);
    // The queue was drained while the call was on its way here.
    if (!had && self->drainHandler_) self->connection->drainedBefore(*self);
  });
}

void Exchange::onClose(Function<void()> handler) {
  if (!local()) {
    if (mailbox == nullptr) return;
    mailbox->post([self = Ref<Exchange>(this), handler = std::move(handler)]() mutable {
      self->onClose(std::move(handler));
    });
  } else if (connection != nullptr) {
    closeHandlers_.push_back(std::move(handler));
  } else if (left && !claimed && handler) {
    // It left while the call was on its way here.
    handler();
  }
}

void Exchange::drained(const Report& report) {
  congested.store(false, std::memory_order_release);
  if (!drainHandler_) return;
  // The handler may set another, or end all of it.
  Function<void()> handler = std::move(drainHandler_);
  call(handler, report);
  if (connection != nullptr && !drainHandler_) drainHandler_ = std::move(handler);
}

void Exchange::detach(bool complete, const Report& report) {
  connection = nullptr;
  left.store(true, std::memory_order_release);
  // Handlers may hold handles to this exchange: what is not needed any more must go.
  drainHandler_ = {};
  const std::vector<Function<void()>> handlers = std::move(closeHandlers_);
  closeHandlers_.clear();
  if (complete) return;
  for (const Function<void()>& handler : handlers) call(handler, report);
}

void Exchange::shrink() noexcept {
  request.fields.shrink_to_fit();
  std::string().swap(body);
  headers.free();
  std::vector<Chain::Frame>().swap(chain.frames);
  std::string().swap(chain.allow);
  chain.error.reset();
  closeHandlers_.clear();
  closeHandlers_.shrink_to_fit();
  drainHandler_ = {};
}

void Exchange::reset() noexcept {
  shrinkText(request.text);
  request.clear();
  shrinkText(body);
  body.clear();
  values.clear();
  query_.clear();
  cookies_.clear();
  joined_.clear();
  queryRead_ = cookiesRead_ = false;
  texts.clear();
  chain.clear();
  status = 200;
  headers.clear();
  claimed.store(false, std::memory_order_relaxed);
  headSent.store(false, std::memory_order_relaxed);
  left.store(false, std::memory_order_relaxed);
  congested.store(false, std::memory_order_relaxed);
}

}  // namespace duplex::http
