// Messages into frames, in the output of a connection.

#include <benchmark/benchmark.h>

#include <vector>

#include "protocol/session.h"

using namespace duplex::protocol;
using duplex::OutputQueue;

namespace {

void write(benchmark::State& state, Role role) {
  const std::vector<std::byte> payload(static_cast<std::size_t>(state.range(0)), std::byte{'x'});
  const SessionLimits limits;
  Session session(role, limits);
  OutputQueue out;
  for (auto _ : state) {
    session.binary(payload, out);
    benchmark::DoNotOptimize(out.size());
    out.consume(out.size());
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

void writeAsServer(benchmark::State& state) {
  write(state, Role::Server);
}
BENCHMARK(writeAsServer)->Name("Session::binary, server")->ArgName("bytes")->Arg(20)->Arg(1024)->Arg(65'536);

void writeAsClient(benchmark::State& state) {
  write(state, Role::Client);
}
BENCHMARK(writeAsClient)->Name("Session::binary, client")->ArgName("bytes")->Arg(20)->Arg(1024)->Arg(65'536);

void frameShared(benchmark::State& state) {
  const std::vector<std::byte> payload(static_cast<std::size_t>(state.range(0)), std::byte{'x'});
  for (auto _ : state) {
    auto shared = frameForAll(Opcode::Binary, payload);
    benchmark::DoNotOptimize(shared);
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(frameShared)->Name("frameForAll")->ArgName("bytes")->Arg(64)->Arg(1024);

/// What each subscriber of a topic costs, without the kernel.
void appendShared(benchmark::State& state) {
  const std::vector<std::byte> payload(static_cast<std::size_t>(state.range(0)), std::byte{'x'});
  const auto shared = frameForAll(Opcode::Binary, payload);
  OutputQueue out;
  for (auto _ : state) {
    out.append(shared);
    out.endFrame(payload.size());
    benchmark::DoNotOptimize(out.size());
    out.consume(out.size());
  }
}
BENCHMARK(appendShared)
    ->Name("OutputQueue::append, shared")
    ->ArgName("bytes")
    ->Arg(64)
    ->Arg(1024)
    ->Arg(65'536);

}  // namespace
