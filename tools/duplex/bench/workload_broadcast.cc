#include <algorithm>
#include <limits>
#include <vector>

#include "bench/pacer.h"
#include "bench/workload.h"

namespace duplex::bench {
namespace {

// Open loop: what the publisher may have queued here.
constexpr std::size_t queueLimit = 1024 * 1024;

/// The first connection of the first thread publishes; the server sends each message to all. Whether
/// that one is among them is found out: when it gets its own, it is expected to from then on.
class Broadcast final : public Workload {
 public:
  explicit Broadcast(const Scene& scene) : scene_(scene), board_(scene.board) {
    joined_.resize(scene.connections.size());
    for (Connection& connection : scene.connections) {
      if (!connection.isOpen()) continue;
      if (publisher_ == nullptr && connection.index() % scene.options.threads == 0) {
        publisher_ = &connection;
      } else {
        join(connection);
      }
    }
    if (publisher_ == nullptr || scene.options.rate <= 0) return;
    pacer_ = std::make_unique<Pacer>(scene.loop, scene.options.rate, scene.tally.lateness,
                                     [this](TimePoint meant) { return publishAt(meant); });
  }

  void start(TimePoint now) override {
    running_ = true;
    if (publisher_ == nullptr) return;
    // Alone, it is the one that is to be reached.
    if (board_.readers() == 0) ownFrom_ = join(*publisher_);
    if (pacer_) return pacer_->start(now);
    fill();
  }

  void stop() override {
    running_ = false;
    if (pacer_) pacer_->stop();
  }

  std::uint64_t outstanding() const override {
    std::uint64_t sum = 0;
    if (publisher_ != nullptr) board_.underWay([&](std::int64_t, std::size_t left) { sum += left; });
    return sum;
  }

  void giveUp(TimePoint now) override {
    if (publisher_ == nullptr) return;
    board_.underWay([&](std::int64_t sent, std::size_t left) {
      scene_.tally.fault(Fault::Unanswered, left, "messages did not reach all");
      record(nanoseconds(now) - sent, left);
    });
  }

  void onMessages(Connection& connection, std::size_t count, TimePoint now) override {
    const std::int64_t time = nanoseconds(now);
    std::uint64_t message = connection.position() - count;
    if (&connection == publisher_ && ownFrom_ == notYet) ownFrom_ = join(connection);
    const std::uint64_t published = board_.published();
    for (; message < connection.position(); ++message) {
      if (message >= published) {
        scene_.tally.fault(Fault::Mismatch, 1, "more messages came than were sent");
      } else if (&connection != publisher_ || message >= ownFrom_) {
        record(time - board_.arrived(message), 1);
      }
    }
  }

  void onGone(Connection& connection) override {
    if (!joined_[local(connection)]) return;
    joined_[local(connection)] = false;
    const bool own = &connection == publisher_;
    board_.leave(own ? std::max(connection.position(), ownFrom_) : connection.position());
  }

  void onDrained(Connection&) override {
    if (pacer_) pacer_->resume();
  }

  /// On the publisher's thread: a message has reached all.
  void onComplete() override {
    if (pacer_) return pacer_->resume();
    fill();
  }

 private:
  static constexpr std::uint64_t notYet = std::numeric_limits<std::uint64_t>::max();

  std::uint64_t join(const Connection& connection) {
    joined_[local(connection)] = true;
    return board_.join();
  }

  std::size_t local(const Connection& connection) const noexcept {
    return connection.index() / scene_.options.threads;
  }

  void record(std::int64_t latency, std::size_t count) noexcept {
    scene_.tally.latency.record(static_cast<std::uint64_t>(std::max<std::int64_t>(latency, 0)), count);
  }

  void fill() {
    if (!running_ || !publisher_->isOpen()) return;
    const std::int64_t time = nanoseconds(Clock::now());
    std::size_t count = 0;
    for (; !board_.full(); ++count) board_.publish(time);
    if (count > 0) publisher_->send(count);
  }

  /// Open loop.
  bool publishAt(TimePoint meant) {
    if (!publisher_->isOpen()) return false;
    if (board_.full()) return false;
    if (publisher_->queued() >= queueLimit) {
      publisher_->notifyDrained();
      return false;
    }
    board_.publish(nanoseconds(meant));
    publisher_->send(1);
    return true;
  }

  Scene scene_;
  Board& board_;
  Connection* publisher_ = nullptr;
  // Those that the board counts with.
  std::vector<bool> joined_;
  std::unique_ptr<Pacer> pacer_;
  // The first message that the publisher is expected to get itself.
  std::uint64_t ownFrom_ = notYet;
  bool running_ = false;
};

}  // namespace

std::unique_ptr<Workload> makeBroadcast(const Scene& scene) {
  return std::make_unique<Broadcast>(scene);
}

}  // namespace duplex::bench
