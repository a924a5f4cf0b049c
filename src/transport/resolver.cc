#include "transport/resolver.h"

#include <ares.h>
#include <netdb.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <exception>
#include <mutex>
#include <new>
#include <stdexcept>
#include <utility>

#include "base/ascii.h"

namespace duplex::transport {
namespace {

constexpr Milliseconds missedInterval{10};

Address addressOf(const sockaddr& name, std::uint16_t port) {
  std::array<std::uint8_t, 16> bytes{};
  if (name.sa_family == AF_INET) {
    std::memcpy(bytes.data(), &reinterpret_cast<const sockaddr_in&>(name).sin_addr, 4);
    return {Address::Family::V4, bytes, port};
  }
  std::memcpy(bytes.data(), &reinterpret_cast<const sockaddr_in6&>(name).sin6_addr, 16);
  return {Address::Family::V6, bytes, port};
}

void initialiseLibrary() {
  static std::once_flag once;
  std::call_once(once, [] {
    if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS) throw std::bad_alloc();
  });
}

}  // namespace

std::vector<Address> resolveLocally(std::string_view host, std::uint16_t port) {
  if (host.ends_with('.')) host.remove_suffix(1);
  if (equalsIgnoringCase(host, "localhost") ||
      (host.size() > 10 && equalsIgnoringCase(host.substr(host.size() - 10), ".localhost"))) {
    return {Address::parse("127.0.0.1", port), Address::parse("::1", port)};
  }
  const Address literal = Address::parse(host, port);
  if (literal.family() == Address::Family::None) return {};
  return {literal};
}

/// c-ares, with its sockets and its clock put into the loop.
class Resolver::Channel final : public net::WatchHandler, net::Timer {
 public:
  using Answered = Function<void(std::vector<Address> addresses)>;

  /// `lookups`: where it looks, as c-ares names it; "f" is the hosts file, "b" the name servers.
  Channel(net::Loop& loop, std::string lookups) : loop_(loop) {
    initialiseLibrary();
    ares_options options{};
    options.sock_state_cb = [](void* self, ares_socket_t descriptor, int readable, int writable) {
      static_cast<Channel*>(self)->onSocketState(descriptor, readable != 0, writable != 0);
    };
    options.sock_state_cb_data = this;
    options.timeout = 2000;
    options.tries = 3;
    options.lookups = lookups.data();
    const int flags = ARES_OPT_SOCK_STATE_CB | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS;
    if (ares_init_options(&channel_, &options, flags) != ARES_SUCCESS) throw std::bad_alloc();
  }

  ~Channel() { ares_destroy(channel_); }

  void setServers(const std::string& servers) {
    if (ares_set_servers_ports_csv(channel_, servers.c_str()) != ARES_SUCCESS) {
      throw std::invalid_argument("'" + servers + "' is no list of name servers");
    }
  }

  /// Whether nothing is looked for.
  bool idle() const noexcept { return queries_ == 0; }

  /// `answered` is called once: from within, or later; not when the channel is destroyed before.
  void resolve(const std::string& host, int family, std::uint16_t port, Answered answered) {
    ares_addrinfo_hints hints{};
    hints.ai_family = family;
    hints.ai_socktype = SOCK_STREAM;
    auto query = std::make_unique<Lookup>(Lookup{*this, port, std::move(answered)});
    ++queries_;
    ares_getaddrinfo(channel_, host.c_str(), nullptr, &hints, &Channel::onAnswer, query.release());
    goOn();
  }

 private:
  struct Lookup {
    Channel& channel;
    std::uint16_t port;
    Answered answered;
  };

  // Called by c-ares, which is C: no exception may pass through it.
  static void onAnswer(void* argument, int status, int, ares_addrinfo* result) {
    const std::unique_ptr<Lookup> query(static_cast<Lookup*>(argument));
    const std::unique_ptr<ares_addrinfo, decltype(&ares_freeaddrinfo)> owned(result, &ares_freeaddrinfo);
    if (status == ARES_EDESTRUCTION) return;
    --query->channel.queries_;
    try {
      query->answered(addressesIn(result, query->port));
    } catch (...) {
      query->channel.thrown_ = std::current_exception();
    }
  }

  /// Of many, those that there is memory for.
  static std::vector<Address> addressesIn(const ares_addrinfo* result, std::uint16_t port) {
    std::vector<Address> addresses;
    const ares_addrinfo_node* node = result == nullptr ? nullptr : result->nodes;
    try {
      for (; node != nullptr; node = node->ai_next) addresses.push_back(addressOf(*node->ai_addr, port));
    } catch (const std::bad_alloc&) {
    }
    return addresses;
  }

  // Also called by c-ares.
  void onSocketState(ares_socket_t descriptor, bool readable, bool writable) noexcept {
    std::erase(descriptors_, descriptor);
    try {
      if (readable || writable) descriptors_.push_back(descriptor);
      loop_.watch(descriptor, readable, writable, *this);
    } catch (const std::exception&) {
      missed_ = true;
    }
  }

  /// Those that could not be watched are tried again.
  void watchMissed() noexcept {
    if (!std::exchange(missed_, false)) return;
    ares_socket_t sockets[ARES_GETSOCK_MAXNUM];
    const int wanted = ares_getsock(channel_, sockets, ARES_GETSOCK_MAXNUM);
    for (int i = 0; i < ARES_GETSOCK_MAXNUM; ++i) {
      const bool readable = ARES_GETSOCK_READABLE(wanted, i) != 0;
      const bool writable = ARES_GETSOCK_WRITABLE(wanted, i) != 0;
      if (readable || writable) onSocketState(sockets[i], readable, writable);
    }
  }

  // The watcher is not told which descriptor it was: c-ares looks at those it has, which change meanwhile.
  // One that is left out is ready in the next turn as well.
  void onReady(bool, bool) override {
    for (std::size_t i = descriptors_.size(); i-- > 0;) {
      if (i < descriptors_.size()) ares_process_fd(channel_, descriptors_[i], descriptors_[i]);
    }
    goOn();
  }

  void onTimer() override {
    ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    goOn();
  }

  void goOn() {
    watchMissed();
    setTimer();
    if (thrown_) std::rethrow_exception(std::exchange(thrown_, nullptr));
  }

  void setTimer() {
    timeval wait{};
    if (ares_timeout(channel_, nullptr, &wait) == nullptr) {
      cancel();
    } else if (missed_) {
      loop_.schedule(*this, missedInterval);
    } else {
      loop_.schedule(*this, std::chrono::ceil<Milliseconds>(std::chrono::seconds(wait.tv_sec) +
                                                            std::chrono::microseconds(wait.tv_usec)));
    }
  }

  net::Loop& loop_;
  ares_channel channel_ = nullptr;
  std::vector<ares_socket_t> descriptors_;
  std::size_t queries_ = 0;
  // There are sockets that are not watched, for want of memory.
  bool missed_ = false;
  // By a callback, on its way around c-ares.
  std::exception_ptr thrown_;
};

Resolver::Resolver(net::Loop& loop) : loop_(loop) {}

Resolver::~Resolver() = default;

std::uint64_t Resolver::resolve(const std::string& host, std::uint16_t port, Callback callback) {
  const std::uint64_t id = ++lastQuery_;
  // c-ares may answer at once; the caller has to have the query's number first.
  loop_.defer([this, id, host, port] { begin(id, host, port); });
  queries_.emplace(id, std::make_shared<Query>(Query{std::move(callback)}));
  loop_.hold();
  return id;
}

void Resolver::begin(std::uint64_t id, const std::string& host, std::uint16_t port) {
  if (!queries_.contains(id)) return;
  std::vector<Address> local;
  try {
    local = resolveLocally(host, port);
    if (local.empty()) return lookUp(id, host, port);
  } catch (const std::bad_alloc&) {
    // Nothing is found.
  }
  answer(id, std::move(local));
}

void Resolver::lookUp(std::uint64_t id, const std::string& host, std::uint16_t port) {
  if (hosts_ == nullptr) hosts_ = std::make_unique<Channel>(loop_, "f");
  hosts_->resolve(host, AF_UNSPEC, port, [this, id, host, port](std::vector<Address> addresses) {
    if (addresses.empty()) {
      ask(id, host, port);
    } else {
      answer(id, std::move(addresses));
    }
  });
}

// Two questions, so that a server that leaves the one unanswered holds nothing up (RFC 8305 §3).
void Resolver::ask(std::uint64_t id, const std::string& host, std::uint16_t port) {
  const auto found = queries_.find(id);
  if (found == queries_.end()) return;
  found->second->answers = 2;
  for (const int family : {AF_INET6, AF_INET}) {
    try {
      servers().resolve(host, family, port,
                        [this, id](std::vector<Address> addresses) { answer(id, std::move(addresses)); });
    } catch (const std::bad_alloc&) {
      answer(id, {});
    }
  }
}

Resolver::Channel& Resolver::servers() {
  // Made anew when it is not in use: the system's name servers change with the network that it is in.
  if (servers_ == nullptr || (servers_->idle() && !ownServers_)) {
    servers_ = std::make_unique<Channel>(loop_, "b");
  }
  return *servers_;
}

void Resolver::setServers(const std::string& servers) {
  auto channel = std::make_unique<Channel>(loop_, "b");
  channel->setServers(servers);
  servers_ = std::move(channel);
  ownServers_ = true;
}

void Resolver::cancel(std::uint64_t query) noexcept {
  if (queries_.erase(query) != 0) loop_.unhold();
}

void Resolver::answer(std::uint64_t id, std::vector<Address> addresses) {
  const auto found = queries_.find(id);
  if (found == queries_.end()) return;
  const std::shared_ptr<Query> query = found->second;
  const bool last = --query->answers == 0;
  if (last) {
    queries_.erase(found);
    loop_.unhold();
  }
  query->callback(std::move(addresses), last);
}

}  // namespace duplex::transport
