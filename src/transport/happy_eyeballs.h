#pragma once

#include <memory>
#include <system_error>
#include <utility>
#include <vector>

#include <duplex/address.h>
#include <duplex/function.h>

#include "base/clock.h"
#include "net/loop.h"
#include "transport/stream.h"

namespace duplex::transport {

/// Connects to that of a host's addresses which answers first (RFC 8305, "Happy Eyeballs"). They are tried
/// one after the other, the families in turn, and each is given a while before the next is tried beside it;
/// one that fails makes way at once. The first to connect wins, and the others are given up, as all are when
/// this is destroyed. It sets no limit of time.
class HappyEyeballs final : net::Timer {
 public:
  struct Delays {
    /// From the start of one attempt to that of the next (§5).
    Milliseconds attempt{250};
    /// How long an IPv4 answer waits for that of IPv6 (§3).
    Milliseconds resolution{50};
  };
  /// Either a stream, whose handler is to be set before the callback returns, or the error of the last
  /// attempt; NameNotFound if there was no address, std::errc::not_enough_memory where it could not be tried.
  /// It may destroy this.
  using Callback = Function<void(std::error_code error, Stream stream)>;

  HappyEyeballs(net::Loop& loop, Callback callback, const Delays& delays);
  HappyEyeballs(net::Loop& loop, Callback callback) : HappyEyeballs(loop, std::move(callback), Delays{}) {}
  HappyEyeballs(const HappyEyeballs&) = delete;
  HappyEyeballs& operator=(const HappyEyeballs&) = delete;
  ~HappyEyeballs();

  /// Further addresses, those to be preferred first; `last`: there will be no more. The callback may be
  /// called from within. After that it does nothing.
  void add(std::vector<Address> addresses, bool last);

 private:
  struct Attempt;

  void onTimer() override { tryNext(); }
  void tryNext();
  Address takeNext();
  void won(Attempt& attempt);
  void lost(Attempt& attempt, std::error_code error);
  void finish(std::error_code error, Stream stream);

  net::Loop& loop_;
  Callback callback_;
  const Delays delays_;
  std::vector<Address> waiting_;
  std::vector<std::unique_ptr<Attempt>> attempts_;
  std::error_code lastError_;
  Address::Family lastFamily_ = Address::Family::None;
  bool started_ = false;
  bool complete_ = false;
};

}  // namespace duplex::transport
