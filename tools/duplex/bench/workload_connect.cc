#include <vector>

#include "bench/workload.h"

namespace duplex::bench {
namespace {

/// Each connection is closed as soon as it is open, and opened again as soon as it is closed. One that
/// failed is tried again a little later.
class Connect final : public Workload {
 public:
  explicit Connect(const Scene& scene) : scene_(scene) {}

  void start(TimePoint) override {
    running_ = true;
    for (Connection& connection : scene_.connections) {
      if (connection.hasAddress()) connection.open();
    }
  }
  void stop() override { running_ = false; }

  void onOpen(Connection& connection) override { connection.close(); }
  void onGone(Connection& connection) override {
    if (!running_) return;
    if (connection.wasOpen()) {
      again_.push_back(&connection);
      if (again_.size() == 1) scene_.loop.defer([this] { openAgain(again_); });
    } else {
      failed_.push_back(&connection);
    }
  }
  void onTick(TimePoint limit) override {
    for (Connection& connection : scene_.connections) connection.checkTime(limit);
    openAgain(failed_);
  }

 private:
  void openAgain(std::vector<Connection*>& connections) {
    opening_.swap(connections);
    for (Connection* connection : opening_) {
      if (running_) connection->open();
    }
    opening_.clear();
  }

  Scene scene_;
  bool running_ = false;
  std::vector<Connection*> again_;
  std::vector<Connection*> failed_;
  std::vector<Connection*> opening_;
};

}  // namespace

std::unique_ptr<Workload> makeConnect(const Scene& scene) {
  return std::make_unique<Connect>(scene);
}

}  // namespace duplex::bench
