// Frames into messages: the header alone, and whole sessions.

#include <benchmark/benchmark.h>

#include "client_frames.h"
#include "protocol/session.h"

using namespace duplex::protocol;
using duplex::MutableBytes;

namespace {

void decode(benchmark::State& state) {
  const auto frame =
      micro::clientFrames(Opcode::Binary, static_cast<std::size_t>(state.range(0)), 1, micro::someKey);
  for (auto _ : state) {
    auto decoded = decodeHeader(frame);
    benchmark::DoNotOptimize(decoded);
  }
}
BENCHMARK(decode)->Name("decodeHeader")->ArgName("bytes")->Arg(20)->Arg(512)->Arg(65'536);

void readAll(benchmark::State& state, std::vector<std::byte>& frames, std::size_t count) {
  const SessionLimits limits;
  Session session(Role::Server, limits);
  for (auto _ : state) {
    MutableBytes input = frames;
    while (Event event = session.next(input)) benchmark::DoNotOptimize(event);
  }
  state.SetBytesProcessed(
      static_cast<std::int64_t>(static_cast<std::size_t>(state.iterations()) * frames.size()));
  state.SetItemsProcessed(static_cast<std::int64_t>(static_cast<std::size_t>(state.iterations()) * count));
}

void nextBinary(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(1));
  auto frames =
      micro::clientFrames(Opcode::Binary, static_cast<std::size_t>(state.range(0)), count, micro::someKey);
  readAll(state, frames, count);
}
BENCHMARK(nextBinary)
    ->Name("Session::next, binary")
    ->ArgNames({"bytes", "messages"})
    ->Args({20, 1})
    ->Args({20, 16})
    ->Args({1024, 1})
    ->Args({65'536, 1});

void nextText(benchmark::State& state) {
  auto frames =
      micro::clientFrames(Opcode::Text, static_cast<std::size_t>(state.range(0)), 1, micro::zeroKey);
  readAll(state, frames, 1);
}
BENCHMARK(nextText)->Name("Session::next, text")->ArgName("bytes")->Arg(20)->Arg(1024)->Arg(65'536);

/// A message that comes in pieces, and so has to be collected.
void nextInPieces(benchmark::State& state) {
  auto frames = micro::clientFrames(Opcode::Binary, 65'536, 1, micro::someKey);
  const auto piece = static_cast<std::size_t>(state.range(0));
  const SessionLimits limits;
  Session session(Role::Server, limits);
  for (auto _ : state) {
    for (std::size_t at = 0; at < frames.size(); at += piece) {
      MutableBytes input = MutableBytes(frames).subspan(at, std::min(piece, frames.size() - at));
      while (Event event = session.next(input)) benchmark::DoNotOptimize(event);
    }
  }
  state.SetBytesProcessed(
      static_cast<std::int64_t>(static_cast<std::size_t>(state.iterations()) * frames.size()));
}
BENCHMARK(nextInPieces)->Name("Session::next, 64 KB in pieces")->ArgName("bytes")->Arg(1448)->Arg(16'384);

}  // namespace
