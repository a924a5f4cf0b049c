#include <algorithm>
#include <vector>

#include "bench/pacer.h"
#include "bench/workload.h"

namespace duplex::bench {
namespace {

// Open loop: what one connection may have queued here; more waits as a mere number.
constexpr std::size_t queueLimit = 1024 * 1024;

/// Each connection has its own messages under way, which the server sends back.
class Echo final : public Workload {
 public:
  explicit Echo(const Scene& scene)
      : scene_(scene), inFlight_(scene.options.rate > 0 ? 0 : scene.options.inFlight) {
    if (scene.options.rate <= 0) return;
    unsent_.resize(scene.connections.size());
    const double rate = scene.options.rate / scene.options.threads;
    pacer_ = std::make_unique<Pacer>(scene.loop, rate, scene.tally.lateness,
                                     [this](TimePoint meant) { return sendNext(meant); });
  }

  void start(TimePoint now) override {
    running_ = true;
    for (Connection& connection : scene_.connections) {
      // Each begins at another message of the pool, so that it would notice another's.
      connection.startAt(connection.index() * 17 % scene_.pool.count());
      if (inFlight_ != 0 && connection.isOpen()) send(connection, inFlight_, nanoseconds(now));
    }
    if (pacer_) pacer_->start(now);
  }

  void stop() override {
    running_ = false;
    if (pacer_) pacer_->stop();
  }

  std::uint64_t outstanding() const override {
    std::uint64_t sum = 0;
    for (Connection& connection : scene_.connections) sum += connection.waiting().size();
    return sum;
  }

  void giveUp(TimePoint now) override {
    const std::int64_t time = nanoseconds(now);
    for (Connection& connection : scene_.connections) {
      Waiting& waiting = connection.waiting();
      scene_.tally.fault(Fault::Unanswered, waiting.size(), "messages did not come back");
      waiting.pop(waiting.size(), [&](std::int64_t sent, std::size_t count) { record(time - sent, count); });
    }
  }

  void onMessages(Connection& connection, std::size_t count, TimePoint now) override {
    const std::int64_t time = nanoseconds(now);
    Waiting& waiting = connection.waiting();
    if (count > waiting.size()) {
      scene_.tally.fault(Fault::Mismatch, count - waiting.size(), "more messages came than were sent");
      count = waiting.size();
    }
    waiting.pop(count, [&](std::int64_t sent, std::size_t part) { record(time - sent, part); });
    if (running_ && inFlight_ != 0) send(connection, count, time);
  }

  void onDrained(Connection& connection) override {
    if (!pacer_) return;
    std::size_t& unsent = unsent_[connection.index() / scene_.options.threads];
    while (unsent > 0 && connection.queued() < queueLimit) {
      connection.send(1);
      --unsent;
    }
    if (unsent > 0) connection.notifyDrained();
  }

  void onGone(Connection& connection) override { connection.waiting().clear(); }

 private:
  void record(std::int64_t latency, std::size_t count) noexcept {
    scene_.tally.latency.record(static_cast<std::uint64_t>(std::max<std::int64_t>(latency, 0)), count);
  }

  static void send(Connection& connection, std::size_t count, std::int64_t time) {
    connection.send(count);
    connection.waiting().push(time, count);
  }

  /// Open loop: the connections take turns.
  bool sendNext(TimePoint meant) {
    auto& connections = scene_.connections;
    for (std::size_t tried = 0; tried < connections.size(); ++tried) {
      const std::size_t at = turn_;
      turn_ = turn_ + 1 == connections.size() ? 0 : turn_ + 1;
      Connection& connection = connections[at];
      if (!connection.isOpen()) continue;
      connection.waiting().push(nanoseconds(meant), 1);
      if (unsent_[at] == 0 && connection.queued() < queueLimit) {
        connection.send(1);
      } else if (unsent_[at]++ == 0) {
        connection.notifyDrained();
      }
      return true;
    }
    return true;
  }

  Scene scene_;
  std::size_t inFlight_;
  std::unique_ptr<Pacer> pacer_;
  // Open loop, for each connection: messages that wait for room in its queue.
  std::vector<std::size_t> unsent_;
  std::size_t turn_ = 0;
  bool running_ = false;
};

}  // namespace

std::unique_ptr<Workload> makeEcho(const Scene& scene) {
  return std::make_unique<Echo>(scene);
}

}  // namespace duplex::bench
