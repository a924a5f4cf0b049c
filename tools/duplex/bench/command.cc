#include "bench/command.h"

#include <fmt/format.h>

#include <cstdint>
#include <cstdio>
#include <limits>
#include <map>
#include <stdexcept>
#include <string>

#include <duplex/error.h>

#include "bench/result.h"
#include "bench/run.h"

namespace duplex::bench {
namespace {

const std::map<std::string, WorkloadKind> workloads{{"echo", WorkloadKind::Echo},
                                                    {"broadcast", WorkloadKind::Broadcast},
                                                    {"connect", WorkloadKind::Connect},
                                                    {"idle", WorkloadKind::Idle}};

void addLoad(CLI::App& command, Options& options) {
  const CLI::Range seconds(0.0, 1e6);
  command
      .add_option_function<std::string>(
          "--workload", [&](const std::string& name) { options.workload = workloads.at(name); },
          "echo: each message comes back; broadcast: what the first connection sends comes to all; connect: "
          "open and close; idle: open and hold")
      ->check(CLI::IsMember(workloads))
      ->default_str("echo");
  command.add_option("-c,--connections", options.connections, "how many")
      ->capture_default_str()
      ->check(CLI::Range(1, 10'000'000));
  auto* inFlight = command
                       .add_option("-i,--in-flight", options.inFlight,
                                   "messages under way, a connection (echo) or in all (broadcast)")
                       ->capture_default_str()
                       ->check(CLI::Range(1, 1'000'000));
  command.add_option("-r,--rate", options.rate, "messages a second in all, whatever comes back")
      ->excludes(inFlight)
      ->check(CLI::Range(1e-3, 1e9));
  command
      .add_option_function<std::string>(
          "-s,--size",
          [&](const std::string& text) {
            try {
              options.size = parseSize(text);
            } catch (const std::invalid_argument& error) {
              throw CLI::ValidationError("--size", error.what());
            }
          },
          "payload bytes of a message; also 16K, 1M")
      ->default_str("64");
  auto* text = command.add_flag("--text", options.text, "send text");
  command
      .add_flag(
          "--binary", [](std::int64_t) {}, "send binary, as it does anyway")
      ->excludes(text);
  command.add_option("-d,--duration", options.duration, "seconds to measure")
      ->capture_default_str()
      ->check(CLI::Range(0.01, 1e6));
  command.add_option("--drain", options.drain, "seconds to wait after that for what is still under way")
      ->capture_default_str()
      ->check(seconds);
  command.add_option("--warm-up", options.warmUp, "seconds before that")
      ->capture_default_str()
      ->check(seconds);
  command.add_option("--ramp", options.ramp, "seconds over which the connections are opened")
      ->capture_default_str()
      ->check(seconds);
}

void addManner(CLI::App& command, Options& options) {
  command.add_option("--threads", options.threads, "event loops, each on its own thread")
      ->capture_default_str()
      ->check(CLI::Range(1, 1024));
  command.add_option("--backend", options.backend, "uring, epoll, or auto, the former where it works")
      ->capture_default_str()
      ->check(CLI::IsMember({"auto", "uring", "epoll"}));
  command.add_option("--header", options.headers, "'Name: value' to send along; may be repeated")
      ->allow_extra_args(false);
  command.add_option("--origin", options.origin, "the Origin to claim");
  command.add_option("--subprotocol", options.protocols, "a subprotocol to offer; may be repeated")
      ->allow_extra_args(false);
  command.add_option("--ca", options.authority,
                     "for wss: file with the certificates to trust, instead of the system's");
  command.add_flag("--insecure", options.insecure, "for wss: take whoever answers for the server");
  command.add_flag("--resume", options.resume, "for wss: resume sessions, instead of whole handshakes");
  command.add_option("--pid", options.pid, "the server's process, to measure its processor time and memory")
      ->check(CLI::Range(1, std::numeric_limits<int>::max()));
  command.add_flag("--json", options.json, "print the result as one JSON object");
}

}  // namespace

CLI::App* addCommand(CLI::App& program, Options& options) {
  CLI::App* command = program.add_subcommand("bench", "put load on a WebSocket server and measure it");
  command
      ->add_option("url", options.urls,
                   "ws://host:port/path, or wss://; connections are dealt out over several")
      ->required();
  addLoad(*command, options);
  addManner(*command, options);
  return command;
}

namespace {

bool sendsMessages(const Options& options) {
  return options.workload == WorkloadKind::Echo || options.workload == WorkloadKind::Broadcast;
}

/// What is wrong with them together; empty if nothing is.
std::string contradiction(const Options& options) {
  if (options.rate > 0 && !sendsMessages(options)) return "--rate is for the workloads echo and broadcast";
  if (options.threads > options.connections) return "there are fewer connections than threads";
  return {};
}

}  // namespace

int runCommand(const Options& options) {
  if (const std::string what = contradiction(options); !what.empty()) {
    fmt::print(stderr, "duplex: {}\n", what);
    return 2;
  }
  Result result;
  try {
    result = run(options);
  } catch (const Exception& error) {
    fmt::print(stderr, "duplex: {}\n", error.what());
    return 2;
  }
  fmt::print("{}{}", options.json ? toJson(result) : toTable(result), options.json ? "\n" : "");
  return result.opened == 0 || (sendsMessages(options) && result.tally.messages == 0) ? 1 : 0;
}

}  // namespace duplex::bench
