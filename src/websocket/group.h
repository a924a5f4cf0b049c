#pragma once

#include <mutex>
#include <string_view>
#include <vector>

#include <duplex/error.h>
#include <duplex/function.h>
#include <duplex/websocket.h>

#include "base/bytes.h"
#include "http/kept_request.h"
#include "net/loop.h"
#include "protocol/opcode.h"
#include "protocol/session.h"
#include "topics/topic_tree.h"

namespace duplex::websocket {

class Connection;
struct ConnectionMemory;

/// What connections have in common: those of one route on one loop, or a client by itself. Outlives
/// them; when it goes, they go without a word.
class Group {
 public:
  Group(net::Loop& loop, protocol::Role role, const WebSocketLimits& limits);
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;
  ~Group();

  net::Loop& loop;
  /// For connections, of all groups of the loop.
  ConnectionMemory& memory;
  const protocol::Role role;
  const WebSocketLimits limits;
  const protocol::SessionLimits sessionLimits;

  /// A route's handlers; null for clients.
  const WebSocketRoute* route = nullptr;
  /// What the connections keep of their requests.
  http::KeptRequests requests;
  /// Null where there is nothing to subscribe to.
  topics::TopicTree* topics = nullptr;
  /// To all subscribers of the topic, on all loops, but `except`.
  Function<void(std::string_view topic, protocol::Opcode type, Bytes payload, std::string_view key,
                Connection* except)>
      publish;
  /// For the log.
  Function<void(const Error&)> report;
  /// A connection has gone, after its close event.
  Function<void()> removed;

  /// Handles of those that are open. From any thread.
  std::vector<WebSocket> open() const;
  /// Starts to close all, with `code`; and cuts all.
  void closeAll(std::uint16_t code);
  void terminateAll();
  bool empty() const noexcept { return first_ == nullptr; }

  // --- for Connection
  void add(Connection& connection);
  void remove(Connection& connection) noexcept;

 private:
  // Guards the list against `open`; only the loop's thread changes it.
  mutable std::mutex mutex_;
  Connection* first_ = nullptr;
};

}  // namespace duplex::websocket
