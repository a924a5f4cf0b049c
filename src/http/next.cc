#include <duplex/handler.h>

#include "http/chain.h"
#include "http/exchange.h"

namespace duplex {

Next::Next(http::Exchange* exchange) noexcept : exchange_(exchange) {
  if (exchange_ == nullptr) return;
  exchange_->retain();
  exchange_->retainAnswerer();
  step_ = exchange_->chain.step.load(std::memory_order_relaxed);
}

Next::Next(const Next& other) noexcept : exchange_(other.exchange_), step_(other.step_) {
  if (exchange_ == nullptr) return;
  exchange_->retain();
  exchange_->retainAnswerer();
}

Next::~Next() {
  if (exchange_ == nullptr) return;
  exchange_->releaseAnswerer();
  exchange_->release();
}

void Next::operator()() const {
  if (exchange_ != nullptr) http::proceedChain(*exchange_, step_, std::nullopt);
}

void Next::operator()(Error error) const {
  if (exchange_ != nullptr) http::proceedChain(*exchange_, step_, std::move(error));
}

}  // namespace duplex
