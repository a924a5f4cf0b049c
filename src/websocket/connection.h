#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <duplex/error.h>
#include <duplex/message.h>
#include <duplex/request.h>
#include <duplex/websocket.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/counters.h"
#include "base/ref.h"
#include "base/shared_bytes.h"
#include "base/slab_pool.h"
#include "base/slot_table.h"
#include "net/loop.h"
#include "net/socket.h"
#include "net/tasks.h"
#include "net/timer_wheel.h"
#include "protocol/session.h"
#include "topics/topic_tree.h"
#include "transport/stream.h"
#include "websocket/compression.h"
#include "websocket/extras.h"
#include "websocket/group.h"

namespace duplex::websocket {

/// One WebSocket connection, of a server or of a client: a protocol session on a stream, its timer
/// and its handlers. Known to the outside by its slot alone; made in its group's memory, it owns itself,
/// and is destroyed after its close event. For its loop's thread only.
class Connection final : private net::SocketHandler, private net::Timer, public topics::Subscriber {
 public:
  /// In the state of its slot, which other threads see: the connection is a client's.
  static constexpr std::uint8_t clientBit = 0x80;
  /// It may subscribe to patterns.
  static constexpr std::uint8_t wildcardsBit = 0x40;
  static constexpr std::uint8_t stateMask = 0x3F;
  /// More than this in the queue is worth a drain event, even if the kernel takes it all at once.
  static constexpr std::size_t highWater = 64 * 1024;
  /// A server's payload of this size costs more to copy than to send at once.
  static constexpr std::size_t directSize = 4 * 1024;

  /// A server's: the 101 is in the stream's queue. `start` is to follow.
  Connection(Group& group, transport::Stream stream, Request request, std::string protocol);
  /// A client's, which starts to connect.
  Connection(Group& group, const Url& url, ClientOptions options);
  /// A client's, in the place of `from`, which was lost and is to be destroyed. `waitForTry` is to follow.
  explicit Connection(Connection& from);

  /// Tells the route that the connection is open, then reads `leftover`, which came with the request.
  void start(MutableBytes leftover);

  WebSocket handle() const noexcept;
  ReadyState state() const noexcept { return state_; }
  std::size_t bufferedAmount() const noexcept;
  std::uint64_t dropped() const noexcept { return extras_ == nullptr ? 0 : extras_->dropped; }
  /// Also in the close event.
  Address remoteAddress() const noexcept;
  /// What `WebSocket::request` is to return; the connection's own from now on.
  const Request& request();
  /// As long as nobody has asked for it other connections may have the same: look, but keep nothing.
  const Request& peekRequest() const noexcept { return request_; }
  bool isClient() const noexcept { return group_.role == protocol::Role::Client; }
  Extras& extras();
  const Extras* existingExtras() const noexcept { return extras_; }
  /// Both sides have agreed on compression; before the first frame.
  void compress(protocol::DeflateAgreement agreement);
  /// As in the header.
  std::string_view extensions() const noexcept;
  Group& group() noexcept { return group_; }
  /// For coroutines.
  Waits& waits();
  /// Whether so much is queued that who waits for room has to.
  bool isFull() const noexcept {
    return stream_.queued() > highWater || (extras_ != nullptr && extras_->backlog != nullptr);
  }

  /// Text is valid UTF-8; see WebSocket::send.
  void send(protocol::Opcode type, Bytes payload);
  void send(protocol::Opcode type, Bytes payload, std::string_view key);
  /// A frame that many send. (The key by reference: in the usual case it is not looked at.)
  void sendFrame(const Ref<SharedBytes>& frame, const std::string_view& key);
  /// Code 0: an empty Close. The arguments have been checked.
  void close(std::uint16_t code, std::string_view reason);
  void ping(Bytes payload);
  void terminate();

  /// Nothing on a client.
  void subscribe(std::string_view topic);
  void unsubscribe(std::string_view topic);
  bool isSubscribed(std::string_view topic) const;
  void publish(std::string_view topic, protocol::Opcode type, Bytes payload, std::string_view key);

  /// Destroys it at once, without an event.
  void discard();

 private:
  friend class Group;
  friend class SlabPool<Connection>;
  friend class Waits;
  ~Connection();
  void destroy() noexcept;

  void onConnected() override;
  void onData(MutableBytes bytes) override;
  MutableBytes room() override;
  void onEnd() override;
  void onDrained() override;
  void onFailed(std::error_code error) override;
  void onTimer() override;

  // A client before it is open (connection_client.cc).
  void dial();
  void connected(const Error& error, transport::Stream stream);
  MutableBytes readAnswer(MutableBytes bytes);
  void follow(const std::string& location);
  void onConnectingTimer();
  void setDeadline(Milliseconds timeout);
  // And when it is lost.
  bool triesAgain();
  void stopTrying() noexcept {
    if (extras_ != nullptr && extras_->client != nullptr) extras_->client->stop();
  }
  void lose() noexcept;
  void tryAgain();
  void waitForTry();

  void receive(MutableBytes input);
  bool tooManyFrames(const protocol::Event& event);
  void onEvent(const protocol::Event& event);
  void onLargeEvent(const protocol::Event& event, Bytes received);
  void onLast(const protocol::Event& event);
  void onMessage(Message::Type type, Bytes payload);
  void onPing(Bytes payload);
  void onPong(Bytes payload);
  void onClose(const protocol::Event& event);
  void drained();
  void peerEnds();
  void timedOut();
  void heartbeat();
  void noteReceived() noexcept;

  // Compressed messages.
  bool compresses(std::size_t payload) const noexcept {
    return session_.deflate() != nullptr && payload >= group_.compression.threshold;
  }
  bool sentSpecially(protocol::Opcode type, Bytes payload, std::string_view key);
  bool sentSpecially(const Ref<SharedBytes>& frame, std::string_view key);
  void sendCompressed(protocol::Opcode type, Bytes payload);
  void share(const Ref<SharedBytes>& frame);
  void sendDirectly(const protocol::FrameHeader& header, Bytes payload);

  // Messages for a slow peer.
  bool hasPolicy() const noexcept { return group_.limits.slowPeer != SlowPeer::Close; }
  bool held(protocol::Opcode type, Bytes payload, std::string_view key);
  bool held(const Ref<SharedBytes>& frame, std::string_view key);
  bool mustWait(std::size_t payload) const noexcept;
  std::size_t queueGoal() const noexcept;
  std::size_t backlogRoom() const noexcept;
  void hold(Ref<SharedBytes> frame, std::string_view key);
  void release(std::size_t goal);

  // The end: fail or a closing handshake leads to `finish`, that to the close event.
  void fail(const Error& error, Errc rule);
  void handlerFailed();
  void brokeDown();
  void sendClose(std::uint16_t code, std::string_view reason);
  void startClosing();
  void countSent(std::size_t payload) noexcept {
    group_.counters->messagesSent.add();
    group_.counters->bytesSent.add(payload);
  }
  bool overLimit(std::size_t payload) {
    return stream_.queued() + payload > group_.limits.maxBufferedAmount && failsOverLimit(payload);
  }
  bool failsOverLimit(std::size_t payload);
  bool controlOverLimit();
  bool takesBytes();
  void closeDeadline();
  void finish(bool reset = false);
  void tellEnd();

  void setState(ReadyState state) noexcept;
  template <class Call>
  void guarded(Call&& call);
  // What goes wrong in `call` is want of memory, for handlers are guarded. It ends this connection, and no
  // other.
  template <class Call>
  void surviving(Call call) {
    try {
      call();
    } catch (...) {
      brokeDown();
    }
  }

  /// What coroutines use; null if none does.
  Waits* existingWaits() const noexcept { return extras_ == nullptr ? nullptr : extras_->waits.get(); }

  Group& group_;
  transport::Stream stream_;
  Request request_;
  Extras* extras_ = nullptr;
  Connection* nextInGroup_ = nullptr;
  Connection* previousInGroup_ = nullptr;
  SlotTable::Id id_;
  // What follows it lies in the padding at its end: so all of this is two cache lines.
  [[no_unique_address]] protocol::Session session_;
  ReadyState state_;
  // In ticks; see connection.cc.
  std::uint32_t lastReceived_;
};

// What a handler throws ends the connection and no more.
template <class Call>
void Connection::guarded(Call&& call) {
  try {
    if (extras_ != nullptr) {
      const Extras::Running running(*extras_);
      call();
    } else {
      call();
    }
  } catch (...) {
    handlerFailed();
  }
}

/// Where the connections of one loop lie. Who destroys groups with the loop asks for it before.
struct ConnectionMemory final : net::Loop::Local {
  explicit ConnectionMemory(net::Loop& loop) : compression(loop) {
    // What goes tells the coroutines that wait for it.
    loop.local<net::Tasks>();
  }

  SlabPool<Connection> connections;
  SlabPool<Extras> extras;
  CompressionMemory compression;
  Counters uncounted;
};

}  // namespace duplex::websocket
