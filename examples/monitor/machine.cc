#include "machine.h"

#include <fstream>
#include <limits>
#include <sstream>

namespace {

/// /proc/stat, line "cpu": ticks of user, nice, system, idle, iowait, irq, softirq, steal.
void readProcessors(std::uint64_t& busy, std::uint64_t& total) {
  std::ifstream stat("/proc/stat");
  std::string name;
  stat >> name;
  std::uint64_t ticks = 0;
  for (int i = 0; i < 8 && stat >> ticks; ++i) {
    const bool idle = i == 3 || i == 4;
    total += ticks;
    busy += idle ? 0 : ticks;
  }
}

/// /proc/net/dev: two lines of headings, then "name: received-bytes …7 more… sent-bytes …".
void readNetwork(std::uint64_t& received, std::uint64_t& sent) {
  std::ifstream dev("/proc/net/dev");
  std::string line;
  while (std::getline(dev, line)) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    std::istringstream numbers(line.substr(colon + 1));
    std::uint64_t number = 0;
    for (int i = 0; i < 9 && numbers >> number; ++i) {
      if (i == 0) received += number;
      if (i == 8) sent += number;
    }
  }
}

void readMemory(Figures& figures) {
  std::ifstream meminfo("/proc/meminfo");
  std::string name;
  std::uint64_t kibibytes = 0;
  std::uint64_t available = 0;
  while (meminfo >> name >> kibibytes) {
    if (name == "MemTotal:") figures.memoryTotal = kibibytes * 1024;
    if (name == "MemAvailable:") available = kibibytes * 1024;
    meminfo.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
  }
  figures.memoryUsed = figures.memoryTotal - available;
}

}  // namespace

Machine::Counters Machine::readCounters() {
  Counters counters;
  counters.time = std::chrono::steady_clock::now();
  readProcessors(counters.busy, counters.total);
  readNetwork(counters.received, counters.sent);
  return counters;
}

Figures Machine::read() {
  const Counters counters = readCounters();
  const std::chrono::duration<double> passed = counters.time - last_.time;
  Figures figures;
  if (counters.total > last_.total) {
    figures.cpu = 100.0 * static_cast<double>(counters.busy - last_.busy) /
                  static_cast<double>(counters.total - last_.total);
  }
  if (passed.count() > 0) {
    figures.received = static_cast<double>(counters.received - last_.received) / passed.count();
    figures.sent = static_cast<double>(counters.sent - last_.sent) / passed.count();
  }
  std::ifstream("/proc/loadavg") >> figures.load;
  readMemory(figures);
  last_ = counters;
  return figures;
}
