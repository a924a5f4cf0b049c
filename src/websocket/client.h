#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include <duplex/error.h>
#include <duplex/function.h>
#include <duplex/message.h>
#include <duplex/websocket.h>

#include "base/clock.h"
#include "net/loop.h"
#include "websocket/client_handshake.h"
#include "websocket/url.h"

namespace duplex::websocket {

/// What the connection of a client has and that of a server has not.
class Client {
 public:
  Client(const Url& to, ClientOptions with);

  /// Where it goes.
  const Url& url() const noexcept { return url_; }
  const ClientOptions& options() const noexcept { return options_; }

  /// Starts to connect. Throws SyntaxError for what `options().proxyFor` says; TlsError; not if the files of
  /// `options().tls` could be used once: then what they were goes on to hold.
  void dial(net::Loop& loop, Dialer::Callback connected);
  /// Goes where `location` leads, from now on. Throws SyntaxError if that may not be.
  void redirect(std::string_view location);

  /// Until it is open.
  std::unique_ptr<ClientHandshake> handshake;

  // --- connecting again

  /// It is open; whether it has been so before.
  bool opened(TimePoint now) noexcept;
  /// The application wants it to end.
  void stop() noexcept { stopped_ = true; }
  /// The connection has ended as `end` says, with `error` unless that is null. Whether it is to be tried
  /// again; then `lost` tells of that, and it goes where it went first.
  bool triesAgain(const CloseEvent& end, const Error* error, TimePoint now);

  Function<void(const ReconnectEvent&)> onreconnect;
  Function<void()> onreopen;
  /// Set while the end of a connection has not been told.
  std::optional<ReconnectEvent> lost;

  /// Keeps the loop alive.
  class Waiting {
   public:
    explicit Waiting(net::Loop& loop) noexcept : loop_(loop) { loop_.hold(); }
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;
    ~Waiting() { loop_.unhold(); }

   private:
    net::Loop& loop_;
  };
  /// Until the next try.
  std::optional<Waiting> waiting;

 private:
  Ref<transport::TlsClientContext> tlsContext(net::Loop& loop, const TlsClientOptions& options);

  const Url first_;
  Url url_;
  const ClientOptions options_;
  unsigned redirects_ = 0;
  // It has been sent to another origin, which is to learn nothing that was meant for the first.
  bool away_ = false;
  // The last that could be made, for the first origin and for others.
  Ref<transport::TlsClientContext> lastTls_;
  Ref<transport::TlsClientContext> lastTlsAway_;
  bool wasOpen_ = false;
  bool stopped_ = false;
  unsigned tries_ = 0;
  std::optional<TimePoint> openSince_;
};

}  // namespace duplex::websocket
