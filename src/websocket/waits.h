#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <duplex/error.h>
#include <duplex/message.h>
#include <duplex/websocket.h>
#include <duplex/websocket_task.h>

#include "base/bytes.h"
#include "net/alarm.h"
#include "protocol/session.h"

namespace duplex::websocket {

class Connection;

/// What coroutines wait for at one connection, and the messages that wait for them. Made when the first one
/// waits; a connection that has handlers alone has none.
///
/// While a task receives, messages are its: what it does not wait for at once is kept here, and beyond a
/// bound the peer is not read from. The end of what the peer says, its Close or its FIN, keeps its place
/// behind the messages, as long as the task goes on receiving.
class Waits final : private detail::TaskEnd {
 public:
  explicit Waits(Connection& connection) noexcept : connection_(&connection) {}
  Waits(const Waits&) = delete;
  Waits& operator=(const Waits&) = delete;
  /// Whoever still waits goes on from a later task, as if the connection had ended.
  ~Waits();

  /// Null if it is gone, or another thread's.
  static Connection* connectionOf(const WebSocket& socket) noexcept;
  /// As if a handler had thrown what is being handled. Whatever it needs: the connection ends.
  static void handlerFailed(Connection& connection) noexcept;

  // --- what coroutines do; false: there is nothing to wait for

  bool receive(detail::ReceiveWait& wait);
  bool waitForRoom(detail::SendWait& wait);
  /// There is room: now and then others are to have their turn nevertheless.
  bool yields(detail::SendWait& wait);
  bool waitForEnd(detail::CloseWait& wait);
  bool waitForOpen(detail::ConnectWait& wait);
  /// The messages are for the task of `root` from now on, until it ends.
  void receiveFor(detail::TaskRoot* root);

  // --- what the connection tells

  bool receiving() const noexcept { return receiving_; }
  void deliver(const Message& message);
  /// Whether so much waits that what else came with it, `rest`, is kept as it is, to be looked at when the
  /// peer is read from again: there may be much more in it than it takes.
  bool keeps(Bytes rest);
  void opened();
  /// All that was queued is gone.
  void drained();
  /// Whether the peer's Close, or a failure, has to wait for messages to be received.
  bool holds(const protocol::Event& event);
  /// The same of its FIN.
  bool holdsEnd();
  /// The stream is gone: what the Close said that is held goes into `end`.
  void tellHeld(CloseEvent& end) noexcept;
  /// The connection is silent because nobody receives.
  bool holdsBack() const noexcept { return paused_ || held_ || endHeld_; }
  /// Messages are for nobody any more.
  void closing();
  /// The connection was lost, and `connection` tries again in its place: who waits for a message goes on
  /// waiting, who waits for room is told that there is none.
  void moveTo(Connection& connection);
  /// The connection is closed.
  void ended();

 private:
  struct Held {
    protocol::Event event;
    std::string payload;
  };

  void onTaskEnd() noexcept override;
  OwnedMessage takeMessage();
  bool mayHold() const noexcept;
  void limitHolding();
  void goOnSoon();
  void goOn();
  void pause();
  void resumeReading() noexcept;
  void readOn();

  Connection* connection_;
  detail::Link receivers_;
  detail::Link rooms_;
  detail::Link closings_;
  detail::Link openings_;

  // Null while nothing waits: an empty deque has memory.
  std::unique_ptr<std::deque<OwnedMessage>> messages_;
  // Bytes of those, and something for each.
  std::size_t size_ = 0;
  std::unique_ptr<Held> held_;
  // What has been read behind the message that was too much.
  std::vector<std::byte> input_;
  net::Alarm<Waits> reading_{*this, &Waits::readOn};
  net::Alarm<Waits> limit_{*this, &Waits::goOn};
  // Sends since somebody last waited.
  std::uint8_t burst_ = 0;
  bool receiving_ = false;
  bool paused_ = false;
  bool endHeld_ = false;
  // Nothing is held any more.
  bool released_ = false;
};

}  // namespace duplex::websocket
