#pragma once

#include <array>
#include <chrono>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "transport/tls_handles.h"

namespace duplex::transport {

/// The keys of the tickets by which a server's clients resume their sessions (RFC 5077 §4). Whoever gets hold
/// of a key can read the sessions whose tickets it has sealed, so it is used for half a day and no longer;
/// the next use makes another. One that is not used any more still opens tickets as long as any of its own
/// may live. For any thread.
class TicketKeys final {
 public:
  using Now = TimePoint (*)();
  static constexpr std::chrono::hours useTime{12};

  /// `lifetime` is that of a ticket; `now` says what time it is. Throws std::bad_alloc.
  TicketKeys(std::chrono::seconds lifetime, Now now)
      : lifetime_(lifetime), now_(now), current_{Key(), now()} {}
  TicketKeys(const TicketKeys&) = delete;
  TicketKeys& operator=(const TicketKeys&) = delete;
  ~TicketKeys() = default;

  /// Has `context` seal its tickets with them, which have to outlive it.
  void use(ssl_ctx_st* context);

  struct Key {
    /// A fresh one. Throws std::bad_alloc.
    Key();
    Key(const Key&) = default;
    Key& operator=(const Key&) = default;
    /// Leaves nothing behind.
    ~Key();

    std::array<unsigned char, 16> name;
    std::array<unsigned char, 32> cipher;
    std::array<unsigned char, 32> mac;
  };
  /// What seals new tickets now.
  Key current();
  /// The one of that name; nothing if there is none any more. `isOld`: its tickets are to be replaced.
  std::optional<Key> find(std::string_view name, bool& isOld);

 private:
  struct Dated {
    Key key;
    /// From when on it is in use, or, of one that is not any more, until when it opens tickets.
    TimePoint time;
  };

  void advance();

  const std::chrono::seconds lifetime_;
  const Now now_;
  std::mutex mutex_;
  Dated current_;
  std::vector<Dated> old_;
};

}  // namespace duplex::transport
