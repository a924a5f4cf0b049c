#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <duplex/address.h>
#include <duplex/compression.h>
#include <duplex/error.h>
#include <duplex/export.h>
#include <duplex/function.h>
#include <duplex/message.h>
#include <duplex/tls.h>

namespace duplex {

class Request;

namespace net {
class Mailbox;
}
namespace websocket {
class Connection;
struct Extras;
}  // namespace websocket

/// WHATWG WebSockets §3.1; the values are the browser's.
enum class ReadyState : std::uint8_t { Connecting = 0, Open = 1, Closing = 2, Closed = 3 };

/// What becomes of messages for a peer that reads more slowly than they are sent, once as many are queued
/// as `maxBufferedAmount` allows. Whole messages are dropped, and counted: see `WebSocket::dropped`.
/// Control frames never are, and do not wait behind messages.
enum class SlowPeer : std::uint8_t {
  Close,       ///< the connection ends with 1008
  DropNew,     ///< the message that does not fit is not sent
  DropOld,     ///< those that have waited longest make room for it
  KeepLatest,  ///< it takes the place of the one with its key that waits, at any time; else as DropOld
};

/// What a connection may cost and how long it may take. Sizes in bytes; a duration of 0 switches
/// that limit off.
struct WebSocketLimits {
  /// Of one message, all fragments together; more is answered with close 1009.
  std::size_t maxMessageSize = 16 * 1024 * 1024;
  /// Frames of one message, empty ones too; more is answered with close 1008.
  std::size_t maxFragments = 4096;
  /// Bytes queued for a peer that does not read; more ends the connection with 1008, or what `slowPeer`
  /// says. One message may be larger, when nothing else is queued. What other threads send counts once
  /// the loop has it.
  std::size_t maxBufferedAmount = 16 * 1024 * 1024;
  /// With a policy other than Close a message that waits counts 64 bytes and its key beside its own. What
  /// stands in front, up to 64 KiB or half of the limit, is on its way and is not dropped any more.
  SlowPeer slowPeer = SlowPeer::Close;
  /// A connection that sends nothing for so long, not even a pong, and reads nothing is ended.
  std::chrono::milliseconds idleTimeout{120'000};
  /// After so long without a byte from the peer a ping is sent.
  std::chrono::milliseconds pingInterval{30'000};
  /// From the Close frame, or the last byte that the peer has read before it, to the end of the
  /// connection; then it is cut.
  std::chrono::milliseconds closeTimeout{5'000};
};

/// How a message is sent.
struct SendOptions {
  /// What the message tells the latest of, for SlowPeer::KeepLatest; without one it is like no other.
  /// When publishing it is the topic unless given. Read before the call returns.
  std::string_view key{};
};

/// How a client connects.
struct ClientOptions {
  /// Subprotocols offered, best first (RFC 6455 §1.9).
  std::vector<std::string> protocols{};
  /// Sent with the handshake, as they stand; those of the handshake itself cannot be given here.
  std::vector<std::pair<std::string, std::string>> headers{};
  /// The Origin header; none if empty.
  std::string origin{};
  WebSocketLimits limits{.maxBufferedAmount = 256 * 1024 * 1024};
  /// Offered, as browsers do.
  Compression compression{.mode = Compression::Dedicated};
  /// From the start of the name look-up to the server's 101; all addresses together.
  std::chrono::milliseconds handshakeTimeout{10'000};
  /// For wss:.
  TlsClientOptions tls{};
};

/// One end of a WebSocket connection, on a client and on a server alike, with the members of the
/// browser's object.
///
/// A small value: a weak handle of 16 bytes. Copy it freely, capture it, keep it. When the
/// connection is gone every call is a no-op and `readyState` is Closed; it never dangles.
///
/// Threads: a connection belongs to the loop it was made on, and its handlers run there. `send`,
/// `close`, `terminate`, `ping`, `subscribe`, `unsubscribe` and `readyState` may be called from any
/// thread: on the owner's they act at once, elsewhere they are queued for it in the order of the
/// calls. Everything else is for the owner's thread; on another it acts as on a connection that is
/// gone.
class DUPLEX_API WebSocket {
 public:
  /// Refers to no connection.
  WebSocket() noexcept = default;

  /// Connects to `url` (ws: or wss:, http: and https: mean the same) on the calling thread's loop,
  /// which keeps running until the connection has closed. Events come from `run`, so handlers set
  /// right after this miss nothing.
  /// Throws SyntaxError for a URL or a subprotocol that the browser would refuse too; TlsError for wss: with
  /// certificates or a key that cannot be used; std::invalid_argument for windows of compression that do not
  /// exist.
  explicit WebSocket(std::string_view url);
  // Templates, so that g++ 12 does not take `{.headers = …}` for a list of protocols.
  template <class Text>
  requires std::is_convertible_v<const Text&, std::string_view> WebSocket(std::string_view url,
                                                                          const Text& protocol)
      : WebSocket(url, ClientOptions{.protocols = {std::string(std::string_view(protocol))}}) {}
  template <class Text>
  requires std::is_convertible_v<const Text&, std::string_view> WebSocket(
      std::string_view url, std::initializer_list<Text> protocols)
      : WebSocket(url, ClientOptions{.protocols = {protocols.begin(), protocols.end()}}) {}
  WebSocket(std::string_view url, ClientOptions options);

  // --- the browser's members (WHATWG WebSockets §3.1)

  /// Of a client, the URL it was given, in normal form; of a server's socket the request's.
  std::string url() const;
  /// The subprotocol agreed on; empty until open, and if there is none.
  std::string protocol() const;
  /// The extensions agreed on, as in the header; empty until open.
  std::string extensions() const;
  ReadyState readyState() const noexcept;
  /// Payload bytes given to `send` and not yet to the kernel; of a compressed message what it has become. It
  /// shrinks only between handlers, and
  /// grows also by what is sent after closing, which goes nowhere.
  std::size_t bufferedAmount() const noexcept;
  /// Messages that were not sent, or were replaced by newer ones, because the peer is slow; see SlowPeer.
  std::uint64_t dropped() const noexcept;

  /// Each sets the one handler of its event, replacing the last; an empty one is none. Handlers of a
  /// connection never run at the same time, and never inside a call of `send` or `close`.
  void onopen(Function<void()> handler) const;
  void onmessage(Function<void(const Message&)> handler) const;
  /// Before `onclose`, when the connection failed: what happened.
  void onerror(Function<void(const Error&)> handler) const;
  /// Exactly once, last of all.
  void onclose(Function<void(const CloseEvent&)> handler) const;

  /// Queues one message; it leaves with all else that is queued when the handlers of this turn are
  /// done. Text that is not UTF-8 is sent with U+FFFD in the place of what is not, as from a browser.
  /// The bytes are copied. After closing it does nothing; what it does with too slow a peer is up to
  /// `WebSocketLimits::slowPeer`.
  /// Throws InvalidStateError while Connecting.
  void send(std::string_view text) const;
  void send(const char* text) const { send(std::string_view(text)); }
  void send(std::span<const std::byte> binary) const;
  void send(std::span<const std::uint8_t> binary) const { send(std::as_bytes(binary)); }
  /// The same type and bytes as `message`.
  void send(const Message& message) const;
  /// The same, each with options.
  void send(std::string_view text, SendOptions options) const;
  void send(const char* text, SendOptions options) const { send(std::string_view(text), options); }
  void send(std::span<const std::byte> binary, SendOptions options) const;
  void send(std::span<const std::uint8_t> binary, SendOptions options) const {
    send(std::as_bytes(binary), options);
  }
  void send(const Message& message, SendOptions options) const;

  /// Starts the closing handshake; what was sent before goes out first (RFC 6455 §7.1.2). Without
  /// arguments the Close frame is empty. While Connecting it fails the connection. Again, or after
  /// the end, it does nothing.
  /// Throws InvalidAccessError for a code that may not be sent: a client has 1000 and 3000–4999, a
  /// server also 1001–1003 and 1007–1014; SyntaxError for a reason over 123 bytes of UTF-8.
  void close() const;
  void close(std::uint16_t code, std::string_view reason = {}) const;

  // --- what a server needs beside them

  /// Sends a Ping (RFC 6455 §5.5.2). Throws SyntaxError for a payload over 125 bytes.
  void ping(std::string_view payload = {}) const;
  /// A Ping came; its Pong has been queued already.
  void onping(Function<void(std::string_view)> handler) const;
  void onpong(Function<void(std::string_view)> handler) const;
  /// All that was queued has been given to the kernel: after more than 64 KiB were, after a turn in which
  /// the kernel did not take all, or after messages were dropped.
  void ondrain(Function<void()> handler) const;
  /// Cuts the connection without a closing handshake; `onclose` still comes, with 1006.
  void terminate() const;
  /// The peer's address, in the close event too; none before a client is connected.
  Address remoteAddress() const;

  /// Receives what is published on `topic` from now on, or, if the app has `topicWildcards`, on all
  /// topics that it matches; once, however many of its subscriptions match. A server's socket only.
  /// With `topicWildcards`, throws SyntaxError for what is neither a topic nor a pattern.
  void subscribe(std::string_view topic) const;
  void unsubscribe(std::string_view topic) const;
  /// To `topic` as it was subscribed to: what a pattern matches does not count.
  bool isSubscribed(std::string_view topic) const;
  /// To all subscribers of `topic` but this one; see App::publish.
  void publish(std::string_view topic, std::string_view text, SendOptions options = {}) const;
  void publish(std::string_view topic, const char* text, SendOptions options = {}) const {
    publish(topic, std::string_view(text), options);
  }
  void publish(std::string_view topic, std::span<const std::byte> binary, SendOptions options = {}) const;
  void publish(std::string_view topic, std::span<const std::uint8_t> binary, SendOptions options = {}) const {
    publish(topic, std::as_bytes(binary), options);
  }
  void publish(std::string_view topic, const Message& message, SendOptions options = {}) const;

  /// The request that was upgraded; of a client an empty one. Whole until the route's `open` has
  /// returned; from then on it has no headers and no cookies, but still its URL, host, query,
  /// parameters, remote address and values. Views of those live as long as the connection. To keep all
  /// of it, or views taken in `open`, copy the request there.
  const Request& request() const;

  /// Makes a T that lives as long as the connection, in the place of one made before.
  template <class T, class... Args>
  T* emplace(Args&&... args) const {
    T* made = new T(std::forward<Args>(args)...);
    return static_cast<T*>(setData(made, &tag<T>, [](void* old) { delete static_cast<T*>(old); }));
  }
  /// What `emplace<T>` made; null if there is none, or one of another type.
  template <class T>
  T* data() const {
    return static_cast<T*>(getData(&tag<T>));
  }

  explicit operator bool() const noexcept { return readyState() != ReadyState::Closed; }
  friend bool operator==(const WebSocket&, const WebSocket&) = default;

 private:
  friend class websocket::Connection;
  template <class T>
  static inline constexpr char tag = 0;

  WebSocket(net::Mailbox* owner, std::uint32_t slot, std::uint32_t generation) noexcept
      : owner_(owner), slot_(slot), generation_(generation) {}
  websocket::Connection* local() const noexcept;
  /// One of those of websocket::Connection; false when it is gone.
  bool has(std::uint8_t bit) const noexcept;
  template <class Call>
  void onOwner(Call&& call) const;
  // Text is valid UTF-8.
  void sendChecked(bool text, std::span<const std::byte> payload) const;
  void sendChecked(bool text, std::span<const std::byte> payload, std::string_view key) const;
  template <class F>
  void setHandler(F websocket::Extras::*place, F handler) const;
  /// Takes `made`; returns it, or null after destroying it where the connection is gone.
  void* setData(void* made, const void* type, void (*destroy)(void*)) const;
  void* getData(const void* type) const noexcept;

  net::Mailbox* owner_ = nullptr;
  std::uint32_t slot_ = 0;
  std::uint32_t generation_ = 0;
};

/// Handlers and options of one WebSocket route, shared by all its connections:
/// `app.ws("/chat", {.message = [](WebSocket ws, const Message& m) { … }})`. A handler set on the
/// socket itself runs in the place of the route's.
struct WebSocketRoute {
  /// Views of the request live until this returns, or as long as a copy of it; see `request`.
  Function<void(WebSocket, const Request&)> open{};
  Function<void(WebSocket, const Message&)> message{};
  Function<void(WebSocket)> drain{};
  Function<void(WebSocket, std::string_view)> ping{};
  Function<void(WebSocket, std::string_view)> pong{};
  Function<void(WebSocket, const Error&)> error{};
  Function<void(WebSocket, const CloseEvent&)> close{};

  /// Subprotocols this route speaks, best first; the first that the client offers is agreed on. With
  /// none in common there is no header, and browsers then close.
  std::vector<std::string> protocols{};
  /// Chooses instead of `protocols`: returns one of `offered`, or nothing.
  Function<std::string(const Request&, std::span<const std::string> offered)> selectProtocol{};
  WebSocketLimits limits{};
  /// What is agreed to of what the client offers.
  Compression compression{};
};

}  // namespace duplex
