#include "bench/workload.h"

namespace duplex::bench {
namespace {

/// Connections that are held and do nothing.
class Idle final : public Workload {
  void start(TimePoint) override {}
};

}  // namespace

std::unique_ptr<Workload> makeWorkload(const Scene& scene) {
  switch (scene.options.workload) {
    case WorkloadKind::Echo:
      return makeEcho(scene);
    case WorkloadKind::Broadcast:
      return makeBroadcast(scene);
    case WorkloadKind::Connect:
      return makeConnect(scene);
    case WorkloadKind::Idle:
      break;
  }
  return std::make_unique<Idle>();
}

}  // namespace duplex::bench
