#include "bench/cpu_meter.h"

#include <sys/resource.h>

#include <algorithm>
#include <fstream>

namespace duplex::bench {
namespace {

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

}  // namespace

void CpuUse::add(const CpuUse& other) noexcept {
  user += other.user;
  system += other.system;
  waited += other.waited;
  wall = std::max(wall, other.wall);
  busy = std::max(busy, other.busy);
  wanted = std::max(wanted, other.wanted);
}

CpuMeter::Reading CpuMeter::read() {
  rusage usage{};
  ::getrusage(RUSAGE_THREAD, &usage);
  // On a processor, waiting for one (both in nanoseconds), turns on one.
  double ran = 0, waited = 0;
  std::ifstream("/proc/thread-self/schedstat") >> ran >> waited;
  return {seconds(usage.ru_utime), seconds(usage.ru_stime), waited / 1e9, std::chrono::steady_clock::now()};
}

void CpuMeter::start() {
  start_ = read();
}

CpuUse CpuMeter::stop() const {
  CpuUse use;
  if (!start_) return use;
  const Reading end = read();
  use.user = end.user - start_->user;
  use.system = end.system - start_->system;
  use.waited = end.waited - start_->waited;
  use.wall = std::chrono::duration<double>(end.time - start_->time).count();
  if (use.wall <= 0) return use;
  use.busy = (use.user + use.system) / use.wall;
  use.wanted = use.busy + use.waited / use.wall;
  return use;
}

}  // namespace duplex::bench
