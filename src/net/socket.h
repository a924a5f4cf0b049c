#pragma once

#include <cstddef>
#include <cstdint>
#include <system_error>

#include <duplex/address.h>

#include "base/bytes.h"
#include "base/output_queue.h"
#include "base/slab_pool.h"

namespace duplex::net {

class Loop;

/// What happens to a socket, told on the loop's thread. A handler may do anything in a call: write,
/// close the socket, destroy itself after closing it.
class SocketHandler {
 public:
  /// A socket that was made by `Loop::connect` is connected.
  virtual void onConnected() {}
  /// `bytes` arrived; they may be changed, and are gone when this returns.
  virtual void onData(MutableBytes bytes) = 0;
  /// Where to receive what `onData` is told next; empty: anywhere. Asked while the socket offers room, and
  /// not for all that comes.
  virtual MutableBytes room() { return {}; }
  /// The peer sends no more (FIN). The socket can still be written to.
  virtual void onEnd() = 0;
  /// The queue is empty, after a turn in which the kernel did not take all of it, or after
  /// `notifyDrained`.
  virtual void onDrained() {}
  /// The queue is about to be sent at the end of the turn, and may be added to. Only if `State::layered`.
  virtual void onFlush() {}
  /// The connection failed: reset, unreachable, refused; without an error, both ends have sent FIN.
  /// The last call; the socket is gone, but still tells what was queued.
  virtual void onFailed(std::error_code error) = 0;

 protected:
  ~SocketHandler() = default;
};

/// One connection's end in the kernel (or in the simulated network). Made by `Loop::adopt` and
/// `Loop::connect`; gone with `close` or `onFailed`. What is written is queued and sent at the end of
/// the turn, with one system call.
class Socket {
 public:
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  void setHandler(SocketHandler& handler) noexcept { handler_ = &handler; }
  Loop& loop() const noexcept { return *loop_; }
  const Address& remoteAddress() const noexcept { return state_.remote; }
  /// Whom a proxy speaks for; from now on it is the peer.
  void setRemoteAddress(const Address& address) noexcept { state_.remote = address; }

  /// The queue to append to. What is in it is sent at the end of the turn; what answers the socket's own
  /// data, as soon as `onData` returns.
  OutputQueue& output();
  /// The same, but never sent before the end of the turn: for what the turn may bring more of.
  OutputQueue& sharedOutput();
  /// Gives the kernel the beginning of `head` and `body`, as much as it takes at once; returns how much: 0
  /// if something waits before it. Pays for bodies that cost more to copy than a system call does.
  std::size_t writeNow(Bytes head, Bytes body);
  /// Queues what of `head` and `body` the kernel does not take at once.
  void write(Bytes head, Bytes body);
  /// Queues a frame that many send, to leave at the end of the turn. Where nothing else is queued it is
  /// sent from where it lies.
  void share(const Ref<SharedBytes>& frame);
  /// Bytes queued and not yet taken by the kernel.
  std::size_t queued() const noexcept {
    if (output_ == nullptr) return state_.lent;
    return state_.lent + (state_.single ? single_->size() : output_->size());
  }
  /// Payload bytes among them; see OutputQueue::payload.
  std::size_t queuedPayload() const noexcept {
    if (output_ == nullptr) return state_.lentPayload;
    return state_.lentPayload + (state_.single ? single_->payload() : output_->payload());
  }
  /// Changes whenever the peer has taken some more of a queue that does not get empty.
  std::uint32_t progress() const noexcept { return state_.progress; }
  /// Has it flushed at the end of the turn, whether or not something is queued yet.
  void requestFlush();
  /// Asks for one `onDrained` when the queue is next empty at the end of a turn, even if the kernel
  /// takes it all at once.
  void notifyDrained();

  /// Whether the handler is asked for room: for what is large, and would have to be copied from elsewhere.
  void offerRoom(bool offered) noexcept {
    state_.offersRoom = offered;
    if (offered) state_.large = true;
  }

  /// Stops and starts reading. While paused `onEnd` does not come; `onFailed` may.
  void pause();
  void resume();
  /// Sends FIN when the queue is empty; nothing may be written after it.
  void shutdown();
  /// Ends the connection now, dropping what is queued; no call comes after it. With `reset` the peer
  /// gets RST instead of FIN.
  void close(bool reset = false);

  /// What the back end knows of it; for back ends and the loop alone.
  struct State {
    Address remote;
    int descriptor = -1;
    /// What the back end has asked the kernel to tell of it.
    std::uint32_t registered = 0;
    /// Times that the kernel took some of a queue, and not all.
    std::uint32_t progress = 0;
    /// Of a frame that is sent from where it was received, before all that is queued; and of its payload.
    std::uint32_t lent = 0;
    std::uint32_t lentPayload = 0;
    bool connecting : 1 = false;
    bool paused : 1 = false;
    /// The peer's FIN has been reported.
    bool ended : 1 = false;
    /// The kernel did not take the whole queue.
    bool blocked : 1 = false;
    bool notifyDrained : 1 = false;
    /// FIN is to follow the queue; it has been sent.
    bool shuttingDown : 1 = false;
    bool shutDown : 1 = false;
    bool closed : 1 = false;
    /// One shared frame is all that is queued, and there is no queue for it.
    bool single : 1 = false;
    /// In the loop's list of those to flush.
    bool dirty : 1 = false;
    /// The handler encodes what it sends, all of a turn together: see SocketHandler::onFlush.
    bool layered : 1 = false;
    /// The handler has memory for what comes next: see SocketHandler::room.
    bool offersRoom : 1 = false;
    /// Room is offered, or was for what came last.
    bool large : 1 = false;
  };
  State& state() noexcept { return state_; }
  const State& state() const noexcept { return state_; }
  /// The queue as it is, without having it flushed; only while something is, and not `single`.
  OutputQueue& pending() noexcept { return *output_; }
  /// The frame that is all that is queued: it is so no more.
  Ref<SharedBytes> takeSingle() noexcept;
  /// Queues what the kernel did not take of it, in front of what came after it.
  void putBack(Ref<SharedBytes> frame, std::size_t taken);
  SocketHandler& handler() noexcept { return *handler_; }
  /// Where the next bytes are to be received: the handler's room, or the beginning of `usual`.
  MutableBytes room(MutableBytes usual) { return state_.large ? roomForLarge(usual) : usual; }

 private:
  friend class Loop;
  friend class SlabPool<Socket>;
  Socket(Loop& loop, SocketHandler& handler) noexcept : loop_(&loop), handler_(&handler) {}
  ~Socket() = default;
  /// Closes it, but keeps what is queued, to be counted.
  void shut(bool reset);
  MutableBytes roomForLarge(MutableBytes usual);

  OutputQueue& queue();

  Loop* loop_;
  SocketHandler* handler_;
  // What is queued; which of them, `state_.single` tells.
  union {
    OutputQueue* output_ = nullptr;
    SharedBytes* single_;
  };
  Socket* nextDirty_ = nullptr;
  State state_;
};

}  // namespace duplex::net
