#include "bench/process_meter.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <chrono>
#include <stdexcept>
#include <vector>

using namespace duplex::bench;

TEST_CASE("a process that works is seen to use processor time") {
  ProcessMeter meter(::getpid());
  CHECK(meter.stop().cpu == 0);

  meter.start();
  const std::vector<char> memory(8 * 1024 * 1024, 'x');
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(100);
  volatile unsigned work = 0;
  while (std::chrono::steady_clock::now() < end) work = work + 1;
  const ProcessUse use = meter.stop();
  CHECK(use.cpu > 0);
  CHECK(use.user + use.system == doctest::Approx(use.cpu));
  CHECK(use.memory >= memory.size());
}

TEST_CASE("a process that is not there is an error") {
  CHECK_THROWS_AS(ProcessMeter(0x7FFFFFFF), std::runtime_error);
}
