#include "bench/cpu_meter.h"

#include <sys/resource.h>

#include <fstream>

namespace duplex::bench {
namespace {

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

}  // namespace

CpuMeter::Reading CpuMeter::read() const {
  rusage usage{};
  ::getrusage(of_ == Of::Thread ? RUSAGE_THREAD : RUSAGE_SELF, &usage);
  // Time on a processor and time waiting for one, both in nanoseconds.
  double ran = 0, waited = 0;
  if (of_ == Of::Thread) std::ifstream("/proc/thread-self/schedstat") >> ran >> waited;
  return {seconds(usage.ru_utime), seconds(usage.ru_stime), waited / 1e9, std::chrono::steady_clock::now()};
}

void CpuMeter::start() {
  start_ = read();
}

CpuUse CpuMeter::stop() const {
  if (!start_) return {};
  const Reading end = read();
  return {.user = end.user - start_->user,
          .system = end.system - start_->system,
          .waited = end.waited - start_->waited,
          .wall = std::chrono::duration<double>(end.time - start_->time).count()};
}

}  // namespace duplex::bench
