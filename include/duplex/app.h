#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <duplex/address.h>
#include <duplex/error.h>
#include <duplex/error_context.h>
#include <duplex/export.h>
#include <duplex/function.h>
#include <duplex/http_limits.h>
#include <duplex/message.h>
#include <duplex/metrics.h>
#include <duplex/proxies.h>
#include <duplex/router.h>
#include <duplex/tls.h>
#include <duplex/websocket.h>

namespace duplex {

/// Which origins may open a WebSocket (RFC 6455 §10.2). A request without Origin (not a browser) and
/// one whose Origin is the server's own always may; a foreign one gets 403 unless allowed here.
class DUPLEX_API Origins {
 public:
  /// Only the server's own.
  Origins() = default;
  /// These too: "https://example.com"; `*` stands for one or more labels of the host name:
  /// "https://*.example.com".
  Origins(std::initializer_list<std::string_view> patterns) : patterns_(patterns.begin(), patterns.end()) {}
  explicit Origins(std::vector<std::string> patterns) : patterns_(std::move(patterns)) {}
  /// Those for which it returns true, called as `(origin, req)`.
  // clang-format off
  template <class F>
    requires std::is_invocable_r_v<bool, F&, std::string_view, const Request&>
  Origins(F allow) : allow_(std::move(allow)) {}
  // clang-format on
  /// No check at all.
  static Origins any() {
    Origins all;
    all.any_ = true;
    return all;
  }

  /// Whether a page of `origin` may connect. `own` is the server's origin as the client named it.
  bool allows(std::string_view origin, std::string_view own, const Request& request) const;

 private:
  std::vector<std::string> patterns_;
  Function<bool(std::string_view, const Request&)> allow_;
  bool any_ = false;
};

/// A Unix socket to listen on.
struct UnixSocket {
  /// At most `Address::maxPath` bytes.
  std::string path;
  /// Of its file: who may write to it may connect.
  unsigned permissions = 0600;
};

struct AppOptions {
  /// Event loops, each on its own thread; the first is that of the thread that calls `listen`.
  unsigned threads = 1;
  /// "uring" (io_uring), "epoll", or "auto", the former where it works: for the loops that the app
  /// starts and, if it has not been used before, for this thread's.
  std::string backend = "auto";
  Origins origins{};
  HttpLimits http{};
  /// Connections at once; more are answered with 503. 0 is no limit, here and in the next three.
  std::size_t maxConnections = 100'000;
  /// Of these, from one IPv4 address, or from one /64 of IPv6; more are answered with 429. Those of trusted
  /// proxies do not count for the proxy, but WebSockets and PROXY headers for the client that it names.
  std::size_t maxConnectionsPerAddress = 10'000;
  /// Of these, those of which no whole request header has come yet, be it for TLS; more are answered with
  /// 503.
  std::size_t maxHandshakes = 20'000;
  /// Of those, from one address, so that one that only connects leaves room for the others; more are answered
  /// with 429. Loopback addresses do not count, nor do trusted proxies, but for the clients that PROXY
  /// headers name.
  std::size_t maxHandshakesPerAddress = 2'000;
  /// Addresses of proxies and ranges of them, "10.0.0.0/8", "2001:db8::7", or "unix", whoever connects over
  /// a Unix socket. They are believed when they say whose requests they pass on, and how those came:
  /// `Request::remoteAddress` and `protocol`, and `WebSocket::remoteAddress`, are then the client's.
  std::vector<std::string> trustedProxies{};
  /// What header of theirs is believed. One that they do not write they must remove.
  ForwardedHeader forwardedHeader = ForwardedHeader::XForwarded;
  /// Their connections begin with a header of the PROXY protocol, version 1 or 2. One that does not is
  /// closed; connections of others have none.
  bool proxyProtocol = false;
  /// Topics are tokens split by '.', and who subscribes may put `*` in the place of one token, or `>` in
  /// that of the last and all behind it: "prices.*.eur", "prices.>". A topic has up to 32 tokens, none of
  /// them empty, and 1,024 bytes. `subscribe` and `publish` then throw SyntaxError for what is none.
  /// Otherwise a topic is any string.
  bool topicWildcards = false;
  /// Sends draft-76's Sec-WebSocket-Location with the 101.
  bool sendLocation = false;
};

/// An HTTP and WebSocket server: routes, middleware, topics, and the ports it listens on.
///
/// Set up and listen on one thread, whose loop must run (`duplex::run()`). An app that is destroyed
/// cuts its connections without an event; a loop that ends, with its thread, does so to its apps. It must not
/// be destroyed by a handler of its own, which it is running: there `close` it, and destroy it in what that
/// calls at the end, or post that to its loop.
/// `publish`, `clients`, `metrics` and `close` may be called from any thread.
class DUPLEX_API App : public Router {
 public:
  App();
  /// Throws std::invalid_argument for a back end that does not exist and for a `trustedProxies` that is no
  /// address and no range, std::system_error for a back end that this kernel does not offer.
  explicit App(AppOptions options);
  App(const App&) = delete;
  App& operator=(const App&) = delete;
  /// Cuts what is still open.
  ~App();

  /// Starts to accept connections and returns the address; port 0 picks a free one. `host` is an IP
  /// address or "localhost"; "::" is every address, IPv4 too. `listening` is called from the loop's next
  /// turn. May be called again, for further ports. Throws std::system_error if the address cannot be had.
  Address listen(std::uint16_t port,
                 std::string_view host = "::", Function<void(const Address&)> listening = {});
  Address listen(std::uint16_t port, Function<void(const Address&)> listening);
  /// The same over TLS: https: and wss:. An app may listen with and without it, on different ports. Throws
  /// TlsError if the certificates cannot be used.
  Address listenTls(std::uint16_t port, TlsOptions tls,
                    std::string_view host = "::", Function<void(const Address&)> listening = {});
  Address listenTls(std::uint16_t port, TlsOptions tls, Function<void(const Address&)> listening);
  /// Reads the certificates and keys that `listenTls` was given anew, from their files, for connections
  /// that are made from now on; those that are open stay as they are. Throws TlsError if one cannot be used,
  /// and then changes nothing. On the thread that listens.
  void reloadTls();
  /// The same with other options, for what listens on `port`. Throws std::invalid_argument if nothing does so
  /// over TLS.
  void reloadTls(std::uint16_t port, TlsOptions tls);
  /// The same on a Unix socket: `app.listen({.path = "/run/app.sock", .permissions = 0660})`. The file is
  /// removed when the app is closed. One that a server left behind when it died is replaced; a file that is
  /// no socket, or that somebody listens on, is not: that throws `address_in_use`.
  Address listen(UnixSocket socket, Function<void(const Address&)> listening = {});

  /// Sends to every socket of this app that subscribed to `topic`, or to a pattern that matches it, on
  /// all its loops; once to each. It is framed once and shared.
  /// With `topicWildcards`, throws SyntaxError for a topic that has wildcards or is none.
  void publish(std::string_view topic, std::string_view text, SendOptions options = {});
  void publish(std::string_view topic, const char* text, SendOptions options = {}) {
    publish(topic, std::string_view(text), options);
  }
  void publish(std::string_view topic, std::span<const std::byte> binary, SendOptions options = {});
  void publish(std::string_view topic, std::span<const std::uint8_t> binary, SendOptions options = {}) {
    publish(topic, std::as_bytes(binary), options);
  }

  /// The same type and bytes as `message`.
  void publish(std::string_view topic, const Message& message, SendOptions options = {});

  /// The sockets that are open now; those of the `ws` routes added with the pattern `path`, as
  /// their router was given it, or of all.
  std::vector<WebSocket> clients(std::string_view path = {}) const;

  /// What it has done so far, on all its loops, and how often each limit was exceeded.
  Metrics metrics() const;

  /// Stops gracefully: no new connection, requests in progress are answered, every socket gets Close
  /// 1001; what is left after `deadline` is cut. `closed` is called from the loop when all is gone.
  void close(std::chrono::milliseconds deadline = std::chrono::seconds(5), Function<void()> closed = {});

  /// Called with what went wrong in handlers and on connections, for a log, and with where that was, for
  /// those who want to know: on the loop it happened on, so with several threads by several at once. What it
  /// throws is dropped. A message may quote the peer: what it says is to reach no terminal as it is. To be
  /// set before `listen`; throws std::logic_error after that.
  void onerror(Function<void(const Error&, const ErrorContext&)> handler);

 private:
  class Impl;
  Impl* impl_;
};

}  // namespace duplex
