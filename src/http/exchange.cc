#include "http/exchange.h"

#include <utility>

#include "http/connection.h"
#include "net/take_all.h"

namespace duplex::http {

namespace {

// A recycled exchange keeps no more than this of what a large body made it take.
constexpr std::size_t keptBody = 16 * 1024;

void call(const Function<void()>& handler, const Exchange::Report& report, const ErrorContext& where) {
  if (!handler) return;
  try {
    handler();
  } catch (...) {
    if (report) report(Error::current(), where);
  }
}

}  // namespace

Exchange::~Exchange() = default;

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
  call(handler, report, context());
  if (connection != nullptr && !drainHandler_) drainHandler_ = std::move(handler);
}

void Exchange::detach(bool complete, const Report& report) {
  connection = nullptr;
  left.store(true, std::memory_order_release);
  // Handlers may hold handles to this exchange: what is not needed any more must go.
  drainHandler_ = {};
  const std::vector<Function<void()>> handlers = std::move(closeHandlers_);
  closeHandlers_.clear();
  net::takeAll(waits_, [](detail::Link& link) { static_cast<detail::Wait&>(link).resumeSoon(); });
  if (complete) return;
  for (const Function<void()>& handler : handlers) call(handler, report, context());
}

void Exchange::reset() noexcept {
  RequestData::clear();
  if (body.capacity() > keptBody) std::string().swap(body);
  body.clear();
  chain.clear();
  route = {};
  status = 200;
  headers.clear();
  claimed.store(false, std::memory_order_relaxed);
  headSent.store(false, std::memory_order_relaxed);
  left.store(false, std::memory_order_relaxed);
  congested.store(false, std::memory_order_relaxed);
}

}  // namespace duplex::http
