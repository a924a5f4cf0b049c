#pragma once

#include <cstddef>
#include <unordered_set>

#include <duplex/address.h>
#include <duplex/request.h>

#include "http/request_data.h"

namespace duplex::http {

/// What a WebSocket keeps of its request once it is open: target, authority, parameters, values and
/// the peer's address; neither headers nor body.
struct KeptRequest final : RequestData {
  KeptRequest(const RequestData& whole, const Address& peer);
};

/// The kept requests of the connections of one route on one loop. Those that nothing but the peer's
/// address tells apart are one, until somebody asks for it: an idle connection has none of its own.
/// Outlives them; for the loop's thread alone.
class KeptRequests {
 public:
  /// What is kept in the place of `whole`: for its connection alone, before `own`.
  Request keep(const Request& whole);
  /// Makes `kept` the connection's own, if it is not: it may be changed, copied, and given to other
  /// threads. `peer` is the connection's.
  void own(Request& kept, const Address& peer);
  /// The connection gives `kept` up.
  void drop(Request& kept) noexcept;
  /// How many are shared.
  std::size_t size() const noexcept { return shared_.size(); }

 private:
  struct Hash {
    std::size_t operator()(const RequestData* data) const noexcept;
  };
  struct Same {
    bool operator()(const RequestData* one, const RequestData* other) const noexcept;
  };

  // Not counted: each is here for as long as a connection has it.
  std::unordered_set<RequestData*, Hash, Same> shared_;
};

}  // namespace duplex::http
