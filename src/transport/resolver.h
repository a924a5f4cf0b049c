#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <duplex/address.h>
#include <duplex/function.h>

#include "net/loop.h"

namespace duplex::transport {

/// Finds the addresses of a host name without blocking (c-ares); one a loop, by
/// `loop.local<Resolver>()`. Literal addresses and localhost (RFC 6761 §6.3) need no name server, nor does
/// what stands in /etc/hosts.
class Resolver final : public net::Loop::Local {
 public:
  /// Addresses in the order in which they are to be tried, perhaps none. A name server is asked for IPv6
  /// and for IPv4 at the same time, and each answer is told when it is there; `last`: it is the last one.
  /// None with any address: the name is not known, or there was no memory to look for it.
  using Callback = Function<void(std::vector<Address> addresses, bool last)>;

  explicit Resolver(net::Loop& loop);
  /// Drops the queries under way; their callbacks are not called.
  ~Resolver() override;

  /// `callback` is called once or twice, from later turns. Until the last call the loop is kept alive.
  /// Throws std::bad_alloc, and has not begun then.
  std::uint64_t resolve(const std::string& host, std::uint16_t port, Callback callback);
  /// Its callback is not called any more; may be called from within it.
  void cancel(std::uint64_t query) noexcept;

  /// Asks these instead of the system's name servers: "127.0.0.1:5353,[::1]:53". Throws
  /// std::invalid_argument for what is none. Not while names are looked up.
  void setServers(const std::string& servers);

 private:
  class Channel;
  struct Query {
    Callback callback;
    int answers = 1;
  };

  void begin(std::uint64_t id, const std::string& host, std::uint16_t port);
  void lookUp(std::uint64_t id, const std::string& host, std::uint16_t port);
  void ask(std::uint64_t id, const std::string& host, std::uint16_t port);
  Channel& servers();
  void answer(std::uint64_t id, std::vector<Address> addresses);

  net::Loop& loop_;
  // Shared with the call under way, which may cancel its query.
  std::unordered_map<std::uint64_t, std::shared_ptr<Query>> queries_;
  std::uint64_t lastQuery_ = 0;
  // Made by the first name that needs them.
  std::unique_ptr<Channel> hosts_;
  std::unique_ptr<Channel> servers_;
  bool ownServers_ = false;
};

/// The addresses of a literal or of localhost; none if `host` is another name.
std::vector<Address> resolveLocally(std::string_view host, std::uint16_t port);

}  // namespace duplex::transport
