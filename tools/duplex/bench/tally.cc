#include "bench/tally.h"

#include <numeric>

namespace duplex::bench {

std::string_view nameOf(Fault fault) noexcept {
  static constexpr std::array<std::string_view, faults> names{"refused",   "connect", "timeout",
                                                              "handshake", "closed",  "protocol",
                                                              "mismatch",  "missing", "unanswered"};
  return names[static_cast<std::size_t>(fault)];
}

void Tally::fault(Fault kind, std::uint64_t count, std::string_view detail) {
  const auto index = static_cast<std::size_t>(kind);
  errors[index] += count;
  if (details[index].empty()) details[index] = detail;
}

std::uint64_t Tally::allErrors() const noexcept {
  return std::accumulate(errors.begin(), errors.end(), std::uint64_t{0});
}

void Tally::add(const Tally& other) {
  sent += other.sent;
  messages += other.messages;
  handshakes += other.handshakes;
  for (std::size_t i = 0; i < faults; ++i) fault(static_cast<Fault>(i), other.errors[i], other.details[i]);
  latency.add(other.latency);
  opening.add(other.opening);
  lateness.add(other.lateness);
}

void Tally::restart() noexcept {
  since = Clock::now();
  sent = messages = handshakes = 0;
  latency.clear();
  lateness.clear();
}

}  // namespace duplex::bench
