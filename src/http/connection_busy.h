#pragma once

#include "http/connection.h"

namespace duplex::http {

/// Held by whoever enters a connection: the outermost deletes it when it has closed meanwhile.
class ServerConnection::Busy {
 public:
  explicit Busy(ServerConnection& connection) noexcept : connection_(connection) { ++connection_.busy_; }
  Busy(const Busy&) = delete;
  Busy& operator=(const Busy&) = delete;
  ~Busy() {
    if (--connection_.busy_ != 0 || connection_.state_ != State::Closed) return;
    if (connection_.context_.ended) connection_.context_.ended(connection_);
    delete &connection_;
  }

 private:
  ServerConnection& connection_;
};

/// What goes wrong in `call` is want of memory, for handlers are called by code that catches. It ends this
/// connection, and no other.
template <class Call>
void ServerConnection::surviving(Call call) {
  const Busy busy(*this);
  try {
    call();
  } catch (...) {
    close(true);
    reportCurrent();
  }
}

}  // namespace duplex::http
