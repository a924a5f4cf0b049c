#include "bench/result.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>

#include "bench/units.h"

namespace duplex::bench {
namespace {

using Json = nlohmann::ordered_json;

constexpr double busyShare = 0.9;
constexpr double waitingShare = 0.2;
// Later than this is late, and more than this share of late messages is too many.
constexpr double lateNanoseconds = 1e6;
constexpr double latePercentile = 99;

double microseconds(double nanoseconds) {
  return nanoseconds / 1000;
}

Json percentiles(const Histogram& times) {
  const auto at = [&](double percent) {
    return microseconds(static_cast<double>(times.percentile(percent)));
  };
  return {{"count", times.count()},
          {"p50", at(50)},
          {"p90", at(90)},
          {"p99", at(99)},
          {"p99.9", at(99.9)},
          {"max", microseconds(static_cast<double>(times.max()))},
          {"mean", microseconds(times.mean())}};
}

Json config(const Result& result) {
  const Options& options = result.options;
  Json config = {{"urls", options.urls},
                 {"workload", nameOf(options.workload)},
                 {"connections", options.connections},
                 {"inFlight", options.inFlight},
                 {"rate", options.rate},
                 {"size", options.size},
                 {"type", options.text ? "text" : "binary"},
                 {"warmUp", options.warmUp},
                 {"duration", options.duration},
                 {"drain", options.drain},
                 {"ramp", options.ramp},
                 {"threads", options.threads},
                 {"backend", result.backend}};
  (options.rate > 0 ? config["inFlight"] : config["rate"]) = nullptr;
  return config;
}

double perSecond(const Result& result, double count) {
  return result.seconds > 0 ? count / result.seconds : 0;
}

double microsecondsEach(const Result& result, double seconds) {
  const auto operations = static_cast<double>(result.operations());
  return operations > 0 ? seconds / operations * 1e6 : 0;
}

double clientCpu(const Result& result) {
  return result.cpu.user + result.cpu.system;
}

Json serverUse(const Result& result) {
  if (result.options.pid == 0) return nullptr;
  if (!result.server) {
    return {{"pid", result.options.pid}, {"cpu", nullptr},           {"cpuUser", nullptr},
            {"cpuSystem", nullptr},      {"cpuPerMessage", nullptr}, {"memory", nullptr}};
  }
  return {{"pid", result.options.pid},
          {"cpu", result.server->cpu},
          {"cpuUser", result.server->user},
          {"cpuSystem", result.server->system},
          {"cpuPerMessage", microsecondsEach(result, result.server->cpu)},
          {"memory", result.server->memory}};
}

}  // namespace

std::string Result::bottleneck() const {
  if (busiest.busy() > busyShare) {
    return fmt::format("a thread of duplex bench ran {:.0f} % of the time", 100 * busiest.busy());
  }
  if (const double waited = busiest.wanted() - busiest.busy(); waited > waitingShare) {
    return fmt::format("a thread of duplex bench had to wait for a processor {:.0f} % of the time",
                       100 * waited);
  }
  const auto late = static_cast<double>(tally.lateness.percentile(latePercentile));
  if (late > lateNanoseconds) {
    return fmt::format("duplex bench sent 1 % of the messages more than {:.1f} ms late", late / 1e6);
  }
  return {};
}

std::string toJson(const Result& result) {
  const Tally& tally = result.tally;
  const auto messages = static_cast<double>(tally.messages);
  const double bytes = messages * static_cast<double>(result.options.size);
  Json errors = {{"total", tally.allErrors()}};
  Json details = Json::object();
  for (std::size_t i = 0; i < faults; ++i) {
    const std::string name(nameOf(static_cast<Fault>(i)));
    errors[name] = tally.errors[i];
    if (tally.errors[i] != 0) details[name] = tally.details[i];
  }
  const std::string bottleneck = result.bottleneck();
  const Json json = {
      {"config", config(result)},
      {"interrupted", result.interrupted},
      {"seconds", result.seconds},
      {"opened", result.opened},
      {"openAtEnd", result.openAtEnd},
      {"sent", tally.sent},
      {"messages", tally.messages},
      {"messagesPerSecond", perSecond(result, messages)},
      {"bytes", tally.messages * result.options.size},
      {"bytesPerSecond", perSecond(result, bytes)},
      {"handshakes", tally.handshakes},
      {"handshakesPerSecond", perSecond(result, static_cast<double>(tally.handshakes))},
      {"latency", percentiles(tally.latency)},
      {"handshake", percentiles(tally.opening)},
      {"errors", errors},
      {"errorDetails", details},
      {"client",
       {{"cpuUser", result.cpu.user},
        {"cpuSystem", result.cpu.system},
        {"cpuPerMessage", microsecondsEach(result, clientCpu(result))},
        {"cpuShare", result.busiest.busy()},
        {"waitedForCpu", result.busiest.waited},
        {"lateness", percentiles(tally.lateness)}}},
      {"server", serverUse(result)},
      {"bottleneck", !bottleneck.empty()},
      {"bottleneckReason", bottleneck},
  };
  // A detail may hold what a server has said.
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

namespace {

std::string timesLine(std::string_view name, const Histogram& times) {
  if (times.count() == 0) return {};
  const auto at = [&](double percent) { return shortTime(times.percentile(percent)); };
  return fmt::format("{:<12} p50 {}, p90 {}, p99 {}, p99.9 {}, max {}, mean {}\n", name, at(50), at(90),
                     at(99), at(99.9), shortTime(times.max()),
                     shortTime(static_cast<std::uint64_t>(times.mean())));
}

std::string cpuLine(const Result& result, std::string_view name, double user, double system) {
  const double cpu = user + system;
  std::string line = fmt::format("{:<12} {:.2f} s user, {:.2f} s system", name, user, system);
  if (result.operations() > 0) {
    line += fmt::format(", {:.2f} µs a {}", microsecondsEach(result, cpu),
                        result.options.workload == WorkloadKind::Connect ? "handshake" : "message");
  }
  const double share = result.seconds > 0 ? cpu / result.seconds : 0;
  return line + fmt::format(", {:.0f} % of a core\n", 100 * share);
}

std::string headLine(const Result& result) {
  const Options& options = result.options;
  std::string line = nameOf(options.workload);
  line += fmt::format(", {} connection{}", options.connections, options.connections == 1 ? "" : "s");
  if (options.workload == WorkloadKind::Echo || options.workload == WorkloadKind::Broadcast) {
    line += options.rate > 0 ? fmt::format(", {:g} messages a second", options.rate)
                             : fmt::format(", {} in flight", options.inFlight);
    line += fmt::format(", {} bytes of {}", options.size, options.text ? "text" : "binary");
  }
  if (options.threads > 1) line += fmt::format(", {} threads", options.threads);
  return line + fmt::format(", {}: {:.1f} s{}\n", result.backend, result.seconds,
                            result.interrupted ? ", interrupted" : "");
}

}  // namespace

std::string toTable(const Result& result) {
  const Tally& tally = result.tally;
  const bool connects = result.options.workload == WorkloadKind::Connect;
  std::string table = headLine(result);
  const auto operations = static_cast<double>(result.operations());
  if (result.options.workload == WorkloadKind::Idle) {
    table +=
        fmt::format("{:<12} {} opened, {} open at the end\n", "connections", result.opened, result.openAtEnd);
  } else {
    table += fmt::format("{:<12} {}, {} in all\n", connects ? "handshakes" : "messages",
                         shortNumber(perSecond(result, operations), "/s"), result.operations());
  }
  if (tally.messages > 0) {
    const double bytes = operations * static_cast<double>(result.options.size);
    table += fmt::format("{:<12} {}\n", "payload", shortNumber(perSecond(result, bytes), "B/s"));
  }
  table += timesLine("latency", tally.latency);
  table += timesLine(connects ? "latency" : "handshake", tally.opening);
  table += cpuLine(result, "client CPU", result.cpu.user, result.cpu.system);
  if (result.server) {
    table += cpuLine(result, "server CPU", result.server->user, result.server->system);
    table += fmt::format("{:<12} {}\n", "server RAM",
                         shortNumber(static_cast<double>(result.server->memory), "B"));
  } else if (result.options.pid != 0) {
    table += fmt::format("{:<12} not known: process {} has not lived to the end, or may not be looked at\n",
                         "server", result.options.pid);
  }
  for (std::size_t i = 0; i < faults; ++i) {
    if (tally.errors[i] == 0) continue;
    table += fmt::format("{:<12} {} {}: {}\n", "errors", tally.errors[i], nameOf(static_cast<Fault>(i)),
                         tally.details[i]);
  }
  if (const std::string why = result.bottleneck(); !why.empty()) {
    table += fmt::format("{:<12} {}: this measures duplex bench as much as the server\n", "WARNING", why);
  }
  return table;
}

}  // namespace duplex::bench
