#pragma once

#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include <duplex/address.h>
#include <duplex/error.h>
#include <duplex/function.h>
#include <duplex/websocket.h>

#include "base/bytes.h"
#include "base/counters.h"
#include "http/kept_request.h"
#include "net/loop.h"
#include "protocol/opcode.h"
#include "protocol/session.h"
#include "topics/topic_tree.h"
#include "websocket/compression.h"

namespace duplex::websocket {

class Connection;
struct ConnectionMemory;

/// What connections have in common: those of one route on one loop, or a client by itself. Outlives
/// them; when it goes, they go without a word.
class Group {
 public:
  Group(net::Loop& loop, protocol::Role role, const WebSocketLimits& limits,
        const Compression& compression = {});
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;
  ~Group();

  net::Loop& loop;
  /// For connections, of all groups of the loop.
  ConnectionMemory& memory;
  const protocol::Role role;
  const WebSocketLimits limits;
  const Compression compression;
  const protocol::SessionLimits sessionLimits;
  /// Messages are not always sent at once and as they are: there is a policy for slow peers, or a connection
  /// that has agreed on compression.
  bool special;
  /// The large message that a handler is being given, if it lies where it was received: in front of it lies
  /// its header, which is needed no more. Else empty.
  MutableBytes received;
  /// What the loop counts of the app; clients share one that nobody reads.
  Counters* counters;

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
  /// For the log; `peer` is the other end of the connection it happened on.
  Function<void(const Error&, const Address& peer)> report;
  /// A connection has gone, after its close event; `peer` was its other end.
  Function<void(const Address& peer)> removed;

  /// Handles of those that are open. From any thread.
  std::vector<WebSocket> open() const;
  /// Starts to close all, with `code`; and cuts all.
  void closeAll(std::uint16_t code);
  void terminateAll();
  bool empty() const noexcept { return first_ == nullptr; }

  // --- for Connection
  /// For those that agreed on this, which keeps nothing between messages.
  AgreedCompression& sharedCompression(const protocol::DeflateAgreement& agreement);
  void add(Connection& connection);
  void remove(Connection& connection) noexcept;

 private:
  // Guards the list against `open`; only the loop's thread changes it.
  mutable std::mutex mutex_;
  Connection* first_ = nullptr;
  // There are as many as there are ways to agree.
  std::vector<std::unique_ptr<AgreedCompression>> compressions_;
};

}  // namespace duplex::websocket
