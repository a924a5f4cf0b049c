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
class Client;
class Connection;
class Waits;
struct Extras;
}  // namespace websocket
namespace detail {
class ReceiveWait;
class SendWait;
class CloseWait;
class ConnectWait;
}  // namespace detail
struct Sent;

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
  std::size_t maxFragments = 131'072;
  /// Frames in a second, of all kinds; more is answered with close 1008. 0 is no limit. Where there is one, a
  /// connection takes some 400 bytes more from its first frame on.
  std::size_t maxFramesPerSecond = 0;
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

/// Whether and how a client connects again when its connection was lost or could not be made. It does so
/// where that makes sense: after a failure of the network or of a name server, after an answer that says
/// that a server is down (408, 425, 429, 500, 502, 503, 504), and after `codes`; never after `close` or
/// `terminate`, a refusal, or a breach of the protocol.
struct Reconnect {
  /// Tries in a row before it is given up; 0: none.
  unsigned maxTries = 0;
  /// Each try waits for a time drawn at random from 0 to this, which doubles with each in a row, up to
  /// `maxDelay`: clients that were lost together do not come back together.
  std::chrono::milliseconds delay{1'000};
  std::chrono::milliseconds maxDelay{60'000};
  /// A connection that was open for so long begins the count anew.
  std::chrono::milliseconds stableTime{10'000};
  /// The close codes after which it tries; 1006 stands for a connection that ended without one. If empty:
  /// 1001, 1006, 1011, 1012, 1013 and 1014.
  std::vector<std::uint16_t> codes{};
};

/// Why a client connects again, and when; see `WebSocket::onreconnect`.
struct ReconnectEvent {
  /// How the connection ended.
  CloseEvent end;
  /// What failed; `error.code` is not set if nothing did.
  Error error;
  /// The number of the try in a row, from 1 on.
  unsigned tries = 0;
  /// Until it is made.
  std::chrono::milliseconds delay{0};
};

/// How a client connects.
struct ClientOptions {
  /// Subprotocols offered, best first (RFC 6455 §1.9).
  std::vector<std::string> protocols{};
  /// Sent with the handshake, as they stand; those of the handshake itself cannot be given here.
  std::vector<std::pair<std::string, std::string>> headers{};
  /// Names and values, sent as one Cookie header (RFC 6265 §4.2.1).
  std::vector<std::pair<std::string, std::string>> cookies{};
  /// The Origin header; none if empty.
  std::string origin{};
  WebSocketLimits limits{.maxBufferedAmount = 256 * 1024 * 1024};
  /// Offered, as browsers do.
  Compression compression{.mode = Compression::Dedicated};
  /// From the start of the name look-up to a connection; all addresses together. 0 is no limit, as it is
  /// below. (That of the closing handshake is `limits.closeTimeout`.)
  std::chrono::milliseconds connectTimeout{10'000};
  /// From there to the server's 101.
  std::chrono::milliseconds handshakeTimeout{10'000};
  /// For wss:.
  TlsClientOptions tls{};
  /// An HTTP proxy to go through, for ws: as for wss: (CONNECT, RFC 9110 §9.3.6): "http://host:port", or
  /// "http://user:password@host:port" for Basic credentials (RFC 7617), which the server never sees. None if
  /// empty. The proxy looks the server's name up, and connecting ends with its answer. Not for Unix sockets.
  std::string proxy{};
  /// Says this for each URL that it goes to, redirected or again, without credentials; instead of `proxy`.
  /// On the connection's thread. What it throws comes out of the constructor, and later ends the connection
  /// with `onerror`. Such is proxyFromEnvironment. (No std::function: that would add a sixth to the time it
  /// takes to compile what includes this.)
  std::string (*proxyFor)(std::string_view url) = nullptr;
  /// Redirects to follow (301, 302, 303, 307, 308), as a browser's WebSocket never does; 0: none. From wss:
  /// to ws:, or to a Unix socket, none is followed. To another origin (scheme, host, port) go neither the
  /// URL's credentials nor `cookies` nor any of `headers` nor the certificate of `tls`, and they come back
  /// with no later redirect.
  unsigned maxRedirects = 0;
  /// By default a connection that is lost is gone.
  Reconnect reconnect{};
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
  /// right after this miss nothing. "ws+unix:/run/app.sock:/path" asks for /path on a Unix socket.
  /// Throws SyntaxError for a URL or a subprotocol that the browser would refuse too, and for other options
  /// that are none; TlsError for wss: with certificates or a key that cannot be used; std::invalid_argument
  /// for windows of compression that do not exist.
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
  template <class List>
  requires std::is_same_v<List, std::vector<std::string>> WebSocket(std::string_view url, List protocols)
      : WebSocket(url, ClientOptions{.protocols = std::move(protocols)}) {}
  WebSocket(std::string_view url, ClientOptions options);

  // --- for coroutines, see task.h

  /// `auto ws = co_await WebSocket::connect(url);` goes on when the connection is open, and throws
  /// std::system_error when it cannot be had. Throws as the constructor does. What comes from then on
  /// waits for `receive`. To be awaited at once: a connection that nobody waits for any more is cut.
  static detail::ConnectWait connect(std::string_view url);
  static detail::ConnectWait connect(std::string_view url, const ClientOptions& options);
  /// Give them a name: g++ 12 destroys what is made inside of an awaited expression `{.origin = …}` twice.
  static detail::ConnectWait connect(std::string_view url, ClientOptions&& options) = delete;
  /// `while (auto message = co_await ws.receive())`: the next message, as a std::optional<OwnedMessage>;
  /// nothing when the connection has ended. One task at a time: else it throws InvalidStateError.
  ///
  /// What comes while nobody waits for it is kept, from the first `receive` on, in a handler that is a
  /// coroutine from the beginning, and until the task ends. More than 64 KiB are not read from the peer
  /// meanwhile. Its Close waits behind them, but no longer than `closeTimeout` after the last `receive`;
  /// what waits when the connection breaks is gone with it.
  /// Messages that `onmessage` has a handler for do not come here.
  detail::ReceiveWait receive() const noexcept;
  /// `co_await ws.closed()`: goes on when the connection has ended, with its CloseEvent. Asked of one that
  /// has been gone for longer it tells of 1006.
  detail::CloseWait closed() const noexcept;

  // --- the browser's members (WHATWG WebSockets §3.1)

  /// Of a client, the URL it was given, in normal form, or that to which it was redirected; of a server's
  /// socket the request's.
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

  /// Of a client with `ClientOptions::reconnect`: the connection was lost, or could not be made, and another
  /// try follows. In the place of `onerror` and `onclose`, which come when it is given up or closed.
  /// Meanwhile `readyState` is Connecting, `send` throws, and what had not been sent is gone; `close` ends
  /// it.
  void onreconnect(Function<void(const ReconnectEvent&)> handler) const;
  /// Of such a client: open again. The server knows nothing of what was before: here it is told anew what
  /// this client wants. Without this handler `onopen` is called each time.
  void onreopen(Function<void()> handler) const;

  /// Queues one message; it leaves with all else that is queued when the handlers of this turn are
  /// done. Text that is not UTF-8 is sent with U+FFFD in the place of what is not, as from a browser.
  /// The bytes are copied. After closing it does nothing; what it does with too slow a peer is up to
  /// `WebSocketLimits::slowPeer`. A coroutine may `co_await` it, see Sent.
  /// Throws InvalidStateError while Connecting.
  Sent send(std::string_view text) const;
  Sent send(const char* text) const;
  Sent send(std::span<const std::byte> binary) const;
  Sent send(std::span<const std::uint8_t> binary) const;
  /// The same type and bytes as `message`.
  Sent send(const Message& message) const;
  /// The same, each with options.
  Sent send(std::string_view text, SendOptions options) const;
  Sent send(const char* text, SendOptions options) const;
  Sent send(std::span<const std::byte> binary, SendOptions options) const;
  Sent send(std::span<const std::uint8_t> binary, SendOptions options) const;
  Sent send(const Message& message, SendOptions options) const;

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
  friend class websocket::Waits;
  template <class T>
  static inline constexpr char tag = 0;

  WebSocket(net::Mailbox* owner, std::uint32_t slot, std::uint32_t generation) noexcept
      : owner_(owner), slot_(slot), generation_(generation) {}
  websocket::Connection* local() const noexcept;
  /// One of those of websocket::Connection; false when it is gone.
  bool has(std::uint8_t bit) const noexcept;
  template <class Call>
  void onOwner(Call&& call) const;
  void queue(std::string_view text) const;
  void queue(std::span<const std::byte> binary) const;
  void queue(const Message& message) const;
  void queue(std::string_view text, SendOptions options) const;
  void queue(std::span<const std::byte> binary, SendOptions options) const;
  void queue(const Message& message, SendOptions options) const;
  // Text is valid UTF-8.
  void sendChecked(bool text, std::span<const std::byte> payload) const;
  void sendChecked(bool text, std::span<const std::byte> payload, std::string_view key) const;
  template <class F>
  void setHandler(F websocket::Extras::*place, F handler) const;
  template <class F>
  void setClientHandler(F websocket::Client::*place, F handler) const;
  /// Takes `made`; returns it, or null after destroying it where the connection is gone.
  void* setData(void* made, const void* type, void (*destroy)(void*)) const;
  void* getData(const void* type) const noexcept;

  net::Mailbox* owner_ = nullptr;
  std::uint32_t slot_ = 0;
  std::uint32_t generation_ = 0;
};

/// What `send` returns. Ignored, it is nothing: the message is queued already. `co_await ws.send(…)` waits
/// for room: it goes on at once while no more than 64 KiB are queued, else when all of it has been given to
/// the kernel. It gives whether the connection is still open. On another thread than the connection's it does
/// not wait.
struct Sent {
  WebSocket socket;
  detail::SendWait operator co_await() const noexcept;
};

inline Sent WebSocket::send(std::string_view text) const {
  queue(text);
  return {*this};
}
inline Sent WebSocket::send(const char* text) const {
  queue(std::string_view(text));
  return {*this};
}
inline Sent WebSocket::send(std::span<const std::byte> binary) const {
  queue(binary);
  return {*this};
}
inline Sent WebSocket::send(std::span<const std::uint8_t> binary) const {
  queue(std::as_bytes(binary));
  return {*this};
}
inline Sent WebSocket::send(const Message& message) const {
  queue(message);
  return {*this};
}
inline Sent WebSocket::send(std::string_view text, SendOptions options) const {
  queue(text, options);
  return {*this};
}
inline Sent WebSocket::send(const char* text, SendOptions options) const {
  queue(std::string_view(text), options);
  return {*this};
}
inline Sent WebSocket::send(std::span<const std::byte> binary, SendOptions options) const {
  queue(binary, options);
  return {*this};
}
inline Sent WebSocket::send(std::span<const std::uint8_t> binary, SendOptions options) const {
  queue(std::as_bytes(binary), options);
  return {*this};
}
inline Sent WebSocket::send(const Message& message, SendOptions options) const {
  queue(message, options);
  return {*this};
}

/// Handlers and options of one WebSocket route, shared by all its connections:
/// `app.ws("/chat", {.message = [](WebSocket ws, const Message& m) { … }})`. A handler set on the
/// socket itself runs in the place of the route's.
struct WebSocketRoute {
  /// Views of the request live until this returns, or as long as a copy of it; see `request`. It may be a
  /// coroutine, which is given copies of both that live as long as it. What it throws later ends the
  /// connection with 1011, too.
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

#include <duplex/websocket_task.h>
