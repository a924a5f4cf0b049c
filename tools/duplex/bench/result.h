#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "bench/cpu_meter.h"
#include "bench/options.h"
#include "bench/process_meter.h"
#include "bench/tally.h"

namespace duplex::bench {

/// What a run has come to.
struct Result {
  Options options;
  std::string backend;
  /// That were measured.
  double seconds = 0;
  Tally tally;
  /// Of the process; and of the thread that wanted to run most.
  CpuUse cpu;
  CpuUse busiest;
  /// With `options.pid`; none if that process has not lived to the end.
  std::optional<ProcessUse> server;
  std::size_t opened = 0;
  std::size_t openAtEnd = 0;
  bool interrupted = false;

  /// Messages; with `connect` handshakes.
  std::uint64_t operations() const noexcept {
    return options.workload == WorkloadKind::Connect ? tally.handshakes : tally.messages;
  }
  /// Why the figures may be those of the load and not of the server; empty if nothing speaks for it.
  std::string bottleneck() const;
};

/// As one JSON object.
std::string toJson(const Result& result);
/// For people.
std::string toTable(const Result& result);

}  // namespace duplex::bench
