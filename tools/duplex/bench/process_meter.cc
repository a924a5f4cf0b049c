#include "bench/process_meter.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <string>

namespace duplex::bench {
namespace {

[[noreturn]] void lost(int pid) {
  throw std::runtime_error(fmt::format("process {} is not there, or may not be looked at", pid));
}

/// Nanoseconds on a processor, summed over the threads.
double cpuTime(int pid) {
  double sum = 0;
  std::error_code error;
  for (const auto& thread : std::filesystem::directory_iterator(fmt::format("/proc/{}/task", pid), error)) {
    double ran = 0;
    if (std::ifstream(thread.path() / "schedstat") >> ran) sum += ran;
  }
  if (error) lost(pid);
  return sum;
}

std::uint64_t privateMemory(int pid) {
  std::ifstream file(fmt::format("/proc/{}/smaps_rollup", pid));
  std::string word;
  while (file >> word) {
    std::uint64_t kilobytes = 0;
    if (word == "Anonymous:" && file >> kilobytes) return kilobytes * 1024;
  }
  lost(pid);
}

}  // namespace

ProcessMeter::ProcessMeter(int pid) : pid_(pid) {
  read();
}

ProcessMeter::Reading ProcessMeter::read() const {
  Reading reading;
  reading.nanoseconds = cpuTime(pid_);
  std::ifstream file(fmt::format("/proc/{}/stat", pid_));
  // The name, in parentheses, may hold anything; utime and stime are the 12th and 13th field after it.
  std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const std::size_t name = text.rfind(')');
  if (name == std::string::npos) lost(pid_);
  std::istringstream fields(text.substr(name + 1));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  if (!(fields >> reading.userTicks >> reading.systemTicks)) lost(pid_);
  return reading;
}

void ProcessMeter::start() {
  start_ = read();
}

ProcessUse ProcessMeter::stop() const {
  ProcessUse use;
  if (!start_) return use;
  const Reading end = read();
  use.cpu = (end.nanoseconds - start_->nanoseconds) / 1e9;
  const double user = end.userTicks - start_->userTicks;
  const double system = end.systemTicks - start_->systemTicks;
  if (user + system > 0) use.user = use.cpu * user / (user + system);
  use.system = use.cpu - use.user;
  use.memory = privateMemory(pid_);
  return use;
}

}  // namespace duplex::bench
