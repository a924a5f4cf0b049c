#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <duplex/address.h>
#include <duplex/function.h>

#include "net/loop.h"

namespace duplex::transport {

/// Finds the addresses of a host name without blocking (c-ares); one a loop, by
/// `loop.local<Resolver>()`. Literal addresses and localhost (RFC 6761 §6.3) need no name server.
class Resolver final : public net::Loop::Local {
 public:
  /// In the order in which they are to be tried; none: the name is not known.
  using Callback = Function<void(std::vector<Address> addresses)>;

  explicit Resolver(net::Loop& loop);
  /// Drops the queries under way; their callbacks are not called.
  ~Resolver() override;

  /// `callback` is called once, from a later turn. Until then the loop is kept alive.
  std::uint64_t resolve(const std::string& host, std::uint16_t port, Callback callback);
  /// Its callback is not called any more.
  void cancel(std::uint64_t query) noexcept;

 private:
  class Channel;
  void answer(std::uint64_t query, std::vector<Address> addresses);

  net::Loop& loop_;
  std::unordered_map<std::uint64_t, Callback> queries_;
  std::uint64_t lastQuery_ = 0;
  // Made by the first name that needs a name server.
  std::unique_ptr<Channel> channel_;
};

/// The addresses of a literal or of localhost; none if `host` is another name.
std::vector<Address> resolveLocally(std::string_view host, std::uint16_t port);

}  // namespace duplex::transport
