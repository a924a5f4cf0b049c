#include "base/counters.h"

namespace duplex {

void Counters::addTo(Metrics& sum) const noexcept {
  sum.messagesReceived += messagesReceived.read();
  sum.bytesReceived += bytesReceived.read();
  sum.messagesSent += messagesSent.read();
  sum.bytesSent += bytesSent.read();
  sum.requests += requests.read();
  sum.accepted += accepted.read();
  sum.acceptFailures += acceptFailures.read();
  // First those that have gone: their beginning is counted by then.
  const std::uint64_t gone = ended.read();
  const std::uint64_t begun = upgrades.read();
  sum.upgrades += begun;
  sum.sockets += begun - gone;
  for (std::size_t i = 0; i < limitCount; ++i) sum.*limits()[i].counter += exceeded[i].read();
}

}  // namespace duplex
