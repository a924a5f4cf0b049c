#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "net/backend.h"

namespace duplex::net {

class Loop;

/// What the simulated network does to what passes through it. Probabilities are in thousandths.
struct SimOptions {
  std::uint64_t seed = 1;
  /// Bytes that arrive at once: between 1 and this.
  std::size_t maxChunk = 64 * 1024;
  /// Bytes on the way in one direction; more fill the sender's kernel.
  std::size_t capacity = 256 * 1024;
  /// How likely a connection is to be reset at each thing that happens to it.
  unsigned resets = 0;
  /// How likely something that could happen now happens in a later turn instead.
  unsigned delays = 0;
  /// How likely a connect is refused although someone listens.
  unsigned refusals = 0;
};

/// A network in memory, for one loop whose sockets talk to each other. Everything that happens is
/// drawn from the seed: how bytes are cut, what comes before what, who is reset. Time is its own: it
/// stands still while there is something to do and then jumps to the deadline.
///
/// Descriptors that are watched are real ones.
class SimBackend final : public Backend {
 public:
  SimBackend(Loop& loop, const SimOptions& options);

  std::string_view name() const noexcept override { return "sim"; }
  TimePoint now() noexcept override { return now_; }

  Listening listen(const Address& address, AcceptHandler& handler) override;
  void stopListening(int descriptor) noexcept override;
  void discard(const Accepted& accepted) noexcept override;

  void start(Socket& socket) override;
  void connect(Socket& socket) override;
  void updateReading(Socket&) override {}
  void flush(Socket& socket) override;
  std::size_t sendNow(Socket& socket, Bytes head, Bytes body) noexcept override;
  void close(Socket& socket, bool reset) noexcept override;
  void watch(int descriptor, bool readable, bool writable, WatchHandler& handler) override;

  void wait(std::optional<TimePoint> deadline) override;
  void dispatch() override;

  /// What connects to `address` from now on gets no answer at all, as behind a firewall.
  void swallow(const Address& address) { swallowed_.push_back(address); }

  /// Calls of `flush` that found something to send: what would be system calls.
  std::size_t sends() const noexcept { return sends_; }
  /// Calls that gave a socket bytes.
  std::size_t receives() const noexcept { return receives_; }

 private:
  // One end of a connection; its descriptor is its place in ends_.
  struct End {
    Socket* socket = nullptr;
    int peer = -1;
    Address remote;
    std::string inbox;
    bool started = false;
    bool finSent = false;
    bool reset = false;
    bool gone = false;
  };
  struct Watch {
    bool readable;
    bool writable;
    WatchHandler* handler;
  };

  bool chance(unsigned thousandths);
  int makeEnd();
  bool somethingToDo() const noexcept;
  bool canHappen(const End& end) const noexcept;
  bool canTakeMore(const End& end) const noexcept;
  void happen(int descriptor);
  void finishConnect(int descriptor);
  void deliver(End& end);
  const std::pair<const int, std::pair<Address, AcceptHandler*>>* listenerAt(const Address& address) const;
  void pollWatched(int timeout);

  Loop& loop_;
  SimOptions options_;
  std::mt19937_64 random_;
  TimePoint now_{std::chrono::hours(1)};
  // A deque, so that ends stay where they are while more are made.
  std::deque<End> ends_;
  std::map<int, std::pair<Address, AcceptHandler*>> listeners_;
  std::vector<Address> swallowed_;
  std::map<int, Watch> watched_;
  std::vector<std::pair<int, short>> readyWatches_;
  int nextListener_ = 1'000'000;
  std::uint16_t nextPort_ = 40'000;
  std::size_t sends_ = 0;
  std::size_t receives_ = 0;
};

}  // namespace duplex::net
