#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <system_error>

#include "base/clock.h"
#include "bench/frame_pool.h"
#include "bench/frame_reader.h"
#include "bench/tally.h"
#include "bench/target.h"
#include "bench/waiting.h"
#include "http/response_parser.h"
#include "net/loop.h"
#include "transport/stream.h"

namespace duplex::bench {

class Connection;

/// What a connection tells of itself.
class ConnectionEvents {
 public:
  /// It starts to connect; `onGone` is to follow, and `onOpen` before it if all goes well.
  virtual void onOpening(Connection& connection) = 0;
  virtual void onOpen(Connection& connection) = 0;
  /// `count` of the pool's messages have come, in order, the first of them number `position() - count`;
  /// those that were passed over are among them.
  virtual void onMessages(Connection& connection, std::size_t count, TimePoint now) = 0;
  /// All that was queued is with the kernel.
  virtual void onDrained(Connection&) {}
  /// It is over, once for each `open`; whether it came to be open, `wasOpen` says.
  virtual void onGone(Connection& connection) = 0;

 protected:
  ~ConnectionEvents() = default;
};

/// What the connections of a thread share.
struct Shared {
  net::Loop& loop;
  const FramePool& pool;
  Tally& tally;
  ConnectionEvents& events;
};

/// One connection of the load: opens, sends frames that are there already, counts what comes back.
class Connection final : net::SocketHandler {
 public:
  enum class State : std::uint8_t { Gone, Connecting, Handshaking, Open, Closing };

  Connection(Shared& shared, Target& target, std::size_t index)
      : shared_(shared), target_(target), index_(index) {}
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Whether there is an address to connect to.
  bool hasAddress() const noexcept { return !target_.addresses().empty(); }
  /// Starts to connect, if there is; may be called again after `onGone`.
  void open();
  /// Queues the next `count` messages of the pool.
  void send(std::size_t count);
  /// Says Close 1000 and waits for the server to end the connection.
  void close();
  /// Ends it at once; with RST, so that no port is kept.
  void cut();
  /// Ends it if it has been connecting, or closing, since before `limit`; counts that as a timeout.
  void checkTime(TimePoint limit);

  /// Where the circle of messages begins, for sending and for receiving.
  void startAt(std::size_t frame) noexcept {
    next_ = frame;
    reader_.expect(frame);
  }

  State state() const noexcept { return state_; }
  bool isOpen() const noexcept { return state_ == State::Open; }
  bool wasOpen() const noexcept { return wasOpen_; }
  std::size_t index() const noexcept { return index_; }
  /// Messages received since it was opened.
  std::uint64_t position() const noexcept { return position_; }
  /// Bytes that the kernel has not taken.
  std::size_t queued() const noexcept { return stream_.queued(); }
  void notifyDrained() { stream_.notifyDrained(); }
  /// For the workload.
  Waiting& waiting() noexcept { return waiting_; }

 private:
  void connect();
  void receive(Bytes bytes);
  void onControl(protocol::Opcode opcode, Bytes payload);
  void sendControl(protocol::Opcode opcode, Bytes payload);
  void readAnswer(Bytes bytes);
  void fail(Fault fault, std::string_view detail);
  void gone();

  void onConnected() override;
  void onData(MutableBytes bytes) override;
  void onEnd() override;
  void onDrained() override;
  void onFailed(std::error_code error) override;

  Shared& shared_;
  transport::Stream stream_;
  std::size_t next_ = 0;
  FrameReader reader_;
  std::uint64_t position_ = 0;
  Waiting waiting_;
  State state_ = State::Gone;
  bool wasOpen_ = false;

  Target& target_;
  std::size_t index_;
  std::size_t address_ = 0;
  /// When it began to be in its state.
  TimePoint since_;
  std::unique_ptr<http::ResponseHeadParser> answer_;
};

}  // namespace duplex::bench
