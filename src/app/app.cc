#include <duplex/app.h>

#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "app/shard.h"
#include "app/worker.h"
#include "net/backend.h"
#include "net/loop.h"
#include "protocol/session.h"
#include "protocol/utf8.h"
#include "topics/grammar.h"
#include "transport/listener.h"
#include "transport/tls_context.h"
#include "transport/tls_stream.h"
#include "websocket/connection.h"

namespace duplex {
namespace {

void deliver(topics::Subscriber& subscriber, const broker::Publication& publication) {
  static_cast<websocket::Connection&>(subscriber).sendFrame(publication.frame, publication.key);
}

Address listenAddress(std::string_view host, std::uint16_t port) {
  const Address address = Address::parse(host == "localhost" ? "127.0.0.1" : host, port);
  if (address.family() != Address::Family::None) return address;
  throw std::system_error(std::make_error_code(std::errc::invalid_argument),
                          "listen: '" + std::string(host) + "' is not an address");
}

Address listenAddress(const UnixSocket& socket) {
  const Address address = Address::unixSocket(socket.path);
  if (!address.path().empty()) return address;
  throw std::system_error(std::make_error_code(std::errc::invalid_argument),
                          "listen: the path of a Unix socket has 1 to " + std::to_string(Address::maxPath) +
                              " bytes, none of them NUL");
}

}  // namespace

/// The app's life: one shard on the loop of the thread that made it, one on each thread it starts.
class App::Impl {
 public:
  Impl(AppOptions options, const http::Routes& routes)
      : shared_(std::move(options), &deliver),
        routes_(routes),
        loop_(loopFor(shared_.options.backend)),
        mailbox_(loop_.mailbox()),
        lease_(mailbox_.lease()) {
    loop_.local<Apps>().add(*this);
  }

  ~Impl() {
    if (!loopEnded_) loop_.local<Apps>().remove(*this);
    end();
  }

  Address listen(const Address& address, Function<void(const Address&)> listening,
                 unsigned permissions = transport::Listener::ownerOnly) {
    return listen(address, nullptr, std::move(listening), permissions);
  }

  Address listenTls(const Address& address, TlsOptions options, Function<void(const Address&)> listening) {
    auto port = std::make_shared<TlsPort>();
    port->set(std::move(options));
    const Address bound = listen(address, port, std::move(listening), transport::Listener::ownerOnly);
    port->number = bound.port();
    tlsPorts_.push_back(std::move(port));
    return bound;
  }

  void reloadTls() {
    // All or nothing.
    std::vector<TlsPort> fresh;
    for (const auto& port : tlsPorts_) fresh.emplace_back().set(port->options);
    for (std::size_t i = 0; i < fresh.size(); ++i) tlsPorts_[i]->context = fresh[i].context;
  }

  void reloadTls(std::uint16_t number, TlsOptions options) {
    TlsPort fresh;
    fresh.set(std::move(options));
    bool found = false;
    for (const auto& port : tlsPorts_) {
      if (port->number != number) continue;
      port->options = fresh.options;
      port->context = fresh.context;
      found = true;
    }
    if (found) return;
    throw std::invalid_argument("reloadTls: nothing listens over TLS on port " + std::to_string(number));
  }

  void publish(std::string_view topic, protocol::Opcode type, Bytes payload, SendOptions options) {
    if (shared_.options.topicWildcards) topics::checkTopic(topic);
    const std::string_view key = options.key.empty() ? topic : options.key;
    shared_.hub.publish(topic, {protocol::frameForAll(type, payload), key});
  }

  std::vector<WebSocket> clients(std::string_view path) const {
    std::vector<WebSocket> all;
    const std::lock_guard lock(mutex_);
    for (const Shard* shard : shards_) shard->appendClients(path, all);
    return all;
  }

  Metrics metrics() const { return shared_.metrics(); }

  void close(Milliseconds deadline, Function<void()> closed) {
    onLoop([this, deadline, closed = std::move(closed)]() mutable {
      if (closed) closedHandlers_.push_back(std::move(closed));
      closeHere(deadline);
    });
  }

  void onerror(Function<void(const Error&, const ErrorContext&)> handler) {
    if (!shards_.empty()) throw std::logic_error("onerror is to be set before listen");
    shared_.report = std::move(handler);
  }

 private:
  /// The apps of one loop. An app in a static object is destroyed after the main thread's loop, which
  /// therefore ends it.
  class Apps final : public net::Loop::Local {
   public:
    explicit Apps(net::Loop& loop) {
      // Their connections end with them.
      loop.local<websocket::ConnectionMemory>();
      loop.local<transport::TlsBuffers>();
    }
    ~Apps() override {
      for (Impl* app : apps_) {
        app->end();
        app->loopEnded_ = true;
      }
    }
    void add(Impl& app) { apps_.push_back(&app); }
    void remove(Impl& app) { std::erase(apps_, &app); }

   private:
    std::vector<Impl*> apps_;
  };

  /// A port that speaks TLS, and what connections that it accepts speak it with.
  struct TlsPort {
    void set(TlsOptions as) {
      context = Ref<transport::TlsServerContext>::adopt(new transport::TlsServerContext(as));
      options = std::move(as);
    }

    std::uint16_t number = 0;
    TlsOptions options;
    Ref<transport::TlsServerContext> context;
  };

  /// Without `tls` it is plain.
  Address listen(const Address& address, std::shared_ptr<const TlsPort> tls,
                 Function<void(const Address&)> listening, unsigned permissions) {
    if (closing_) throw std::logic_error("the app has been closed");
    if (shards_.empty()) start();
    listeners_.push_back(std::make_unique<transport::Listener>(
        loop_, address,
        [this, tls = std::move(tls)](net::Accepted accepted) {
          distribute(accepted, tls == nullptr ? Ref<transport::TlsServerContext>() : tls->context);
        },
        permissions));
    listeners_.back()->onFailure([this](std::error_code error) { own_->acceptFailed(error); });
    const Address bound = listeners_.back()->address();
    if (listening) {
      loop_.defer([alive = std::weak_ptr(alive_), listening = std::move(listening), bound] {
        if (!alive.expired()) listening(bound);
      });
    }
    return bound;
  }

  /// Cuts all that is open. Again, it does nothing.
  void end() {
    listeners_.clear();
    forgetShards();
    workers_.clear();
    own_.reset();
  }

  static net::Loop& loopFor(std::string_view backend) {
    net::checkBackend(backend);
    return net::Loop::current(backend);
  }

  /// Runs `task` on the app's own loop, unless the app is gone by then: now if this is its thread.
  void onLoop(Function<void()> task) {
    if (mailbox_.local() != nullptr && mailbox_.lease() == lease_) {
      task();
      return;
    }
    auto guarded = [alive = std::weak_ptr(alive_), task = std::move(task)] {
      if (!alive.expired()) task();
    };
    mailbox_.post(std::move(guarded), lease_);
  }

  void start() {
    // All or nothing: a thread that cannot be had leaves the app as it was.
    auto own = std::make_unique<Shard>(shared_, routes_, loop_);
    std::vector<std::unique_ptr<Worker>> workers;
    std::vector<Shard*> shards{own.get()};
    for (unsigned i = 1; i < shared_.options.threads; ++i) {
      workers.push_back(std::make_unique<Worker>(shared_, routes_));
      shards.push_back(&workers.back()->shard());
    }
    own_ = std::move(own);
    workers_ = std::move(workers);
    const std::lock_guard lock(mutex_);
    shards_ = std::move(shards);
  }

  // Connections go to the loops in turn: each gets as many.
  void distribute(const net::Accepted& accepted, const Ref<transport::TlsServerContext>& tls) {
    Shard& shard = *shards_[nextShard_];
    nextShard_ = (nextShard_ + 1) % shards_.size();
    if (&shard == own_.get()) return shard.accept(accepted, tls.get());
    try {
      shard.loop().mailbox().post([&shard, accepted, tls] { shard.accept(accepted, tls.get()); });
    } catch (...) {
      loop_.discard(accepted);
      shared_.tell(Error::current(), {accepted.remote});
    }
  }

  void closeHere(Milliseconds deadline) {
    listeners_.clear();
    if (!closing_) {
      closing_ = true;
      // The loop's own sockets may be gone before those of the other threads.
      loop_.hold();
      openShards_ = shards_.size();
    }
    if (openShards_ == 0) {
      allClosed();
      return;
    }
    for (Shard* shard : shards_) {
      auto closed = [this, alive = std::weak_ptr(alive_)] { onLoop([this] { shardClosed(); }); };
      if (shard == own_.get()) {
        shard->close(deadline, std::move(closed));
      } else {
        shard->loop().mailbox().post([shard, deadline, closed = std::move(closed)]() mutable {
          shard->close(deadline, std::move(closed));
        });
      }
    }
  }

  void shardClosed() {
    if (--openShards_ != 0) return;
    // Not from within the shard.
    loop_.defer([this, alive = std::weak_ptr(alive_)] {
      if (!alive.expired()) allClosed();
    });
  }

  void allClosed() {
    if (std::exchange(ended_, true)) return runClosedHandlers();
    forgetShards();
    workers_.clear();
    loop_.unhold();
    runClosedHandlers();
  }

  void runClosedHandlers() {
    for (const Function<void()>& closed : std::exchange(closedHandlers_, {})) closed();
  }

  void forgetShards() {
    const std::lock_guard lock(mutex_);
    shards_.clear();
  }

  // First, so that it goes last: what it guards refers to the rest.
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);
  Shared shared_;
  const http::Routes& routes_;
  net::Loop& loop_;
  net::Mailbox& mailbox_;
  const std::uint64_t lease_;
  bool loopEnded_ = false;
  std::unique_ptr<Shard> own_;
  std::vector<std::unique_ptr<Worker>> workers_;
  // Guards shards_ against `clients`.
  mutable std::mutex mutex_;
  std::vector<Shard*> shards_;
  std::size_t nextShard_ = 0;
  std::vector<std::unique_ptr<transport::Listener>> listeners_;
  std::vector<std::shared_ptr<TlsPort>> tlsPorts_;
  std::vector<Function<void()>> closedHandlers_;
  std::size_t openShards_ = 0;
  bool closing_ = false;
  bool ended_ = false;
};

App::App() : App(AppOptions{}) {}

App::App(AppOptions options) : impl_(new Impl(std::move(options), *routes_)) {}

App::~App() {
  delete impl_;
}

Address App::listen(std::uint16_t port, std::string_view host, Function<void(const Address&)> listening) {
  return impl_->listen(listenAddress(host, port), std::move(listening));
}

Address App::listen(std::uint16_t port, Function<void(const Address&)> listening) {
  return listen(port, "::", std::move(listening));
}

Address App::listen(UnixSocket socket, Function<void(const Address&)> listening) {
  return impl_->listen(listenAddress(socket), std::move(listening), socket.permissions);
}

Address App::listenTls(std::uint16_t port, TlsOptions tls, std::string_view host,
                       Function<void(const Address&)> listening) {
  return impl_->listenTls(listenAddress(host, port), std::move(tls), std::move(listening));
}

Address App::listenTls(std::uint16_t port, TlsOptions tls, Function<void(const Address&)> listening) {
  return listenTls(port, std::move(tls), "::", std::move(listening));
}

void App::reloadTls() {
  impl_->reloadTls();
}

void App::reloadTls(std::uint16_t port, TlsOptions tls) {
  impl_->reloadTls(port, std::move(tls));
}

void App::publish(std::string_view topic, std::string_view text, SendOptions options) {
  if (protocol::isValidUtf8(asBytes(text))) {
    impl_->publish(topic, protocol::Opcode::Text, asBytes(text), options);
  } else {
    impl_->publish(topic, protocol::Opcode::Text, asBytes(protocol::repairUtf8(text)), options);
  }
}

void App::publish(std::string_view topic, std::span<const std::byte> binary, SendOptions options) {
  impl_->publish(topic, protocol::Opcode::Binary, binary, options);
}

void App::publish(std::string_view topic, const Message& message, SendOptions options) {
  // Its text has been checked when it came.
  impl_->publish(topic, message.isText() ? protocol::Opcode::Text : protocol::Opcode::Binary, message.bytes(),
                 options);
}

std::vector<WebSocket> App::clients(std::string_view path) const {
  return impl_->clients(path);
}

Metrics App::metrics() const {
  return impl_->metrics();
}

void App::close(std::chrono::milliseconds deadline, Function<void()> closed) {
  impl_->close(deadline, std::move(closed));
}

void App::onerror(Function<void(const Error&, const ErrorContext&)> handler) {
  impl_->onerror(std::move(handler));
}

}  // namespace duplex
