#include "transport/happy_eyeballs.h"

#include <algorithm>
#include <new>
#include <utility>

#include <duplex/error.h>

namespace duplex::transport {

using Family = Address::Family;

struct HappyEyeballs::Attempt final : net::SocketHandler {
  Attempt(HappyEyeballs& of, const Address& address) : race(of), stream(of.loop_.connect(address, *this)) {}

  void onConnected() override { race.won(*this); }
  void onData(MutableBytes) override {}
  void onEnd() override {}
  void onFailed(std::error_code error) override {
    stream.forget();
    race.lost(*this, error);
  }

  HappyEyeballs& race;
  Stream stream;
};

HappyEyeballs::HappyEyeballs(net::Loop& loop, Callback callback, const Delays& delays)
    : loop_(loop),
      callback_(std::move(callback)),
      delays_(delays),
      lastError_(make_error_code(Errc::NameNotFound)) {}

HappyEyeballs::~HappyEyeballs() = default;

void HappyEyeballs::add(std::vector<Address> addresses, bool last) {
  if (!callback_) return;
  complete_ = last;
  const bool v6 = !addresses.empty() && addresses.front().family() == Family::V6;
  // Nothing has been tried yet: IPv6 goes first, though its answer came later.
  if (waiting_.empty() || (v6 && !started_)) waiting_.swap(addresses);
  try {
    waiting_.insert(waiting_.end(), addresses.begin(), addresses.end());
  } catch (const std::bad_alloc&) {
    lastError_ = std::make_error_code(std::errc::not_enough_memory);
  }
  if (started_ && pending() && !attempts_.empty()) return;
  const bool mayComeFirst = !started_ && !last && !v6;
  if (!mayComeFirst) {
    tryNext();
  } else if (!waiting_.empty()) {
    loop_.schedule(*this, delays_.resolution);
  }
}

void HappyEyeballs::tryNext() {
  if (waiting_.empty()) {
    if (complete_ && attempts_.empty()) finish(lastError_, Stream());
    return;
  }
  started_ = true;
  loop_.schedule(*this, delays_.attempt);
  try {
    attempts_.push_back(std::make_unique<Attempt>(*this, takeNext()));
  } catch (const std::bad_alloc&) {
    // It goes on from the loop: who has just added the address does not expect to be called for that.
    lastError_ = std::make_error_code(std::errc::not_enough_memory);
    loop_.schedule(*this, Milliseconds(0));
  }
}

Address HappyEyeballs::takeNext() {
  const auto other = std::find_if(waiting_.begin(), waiting_.end(),
                                  [this](const Address& address) { return address.family() != lastFamily_; });
  const auto chosen = other == waiting_.end() ? waiting_.begin() : other;
  const Address taken = *chosen;
  waiting_.erase(chosen);
  lastFamily_ = taken.family();
  return taken;
}

void HappyEyeballs::won(Attempt& attempt) {
  Stream stream = std::move(attempt.stream);
  attempts_.clear();
  finish({}, std::move(stream));
}

void HappyEyeballs::lost(Attempt& attempt, std::error_code error) {
  lastError_ = error;
  std::erase_if(attempts_, [&attempt](const auto& other) { return other.get() == &attempt; });
  tryNext();
}

void HappyEyeballs::finish(std::error_code error, Stream stream) {
  cancel();
  // The callback may destroy this, and itself with it.
  const Callback callback = std::exchange(callback_, Callback());
  callback(error, std::move(stream));
}

}  // namespace duplex::transport
