// Masking and unmasking, by size and by where the bytes lie.

#include <benchmark/benchmark.h>

#include <vector>

#include "client_frames.h"
#include "protocol/mask.h"

using namespace duplex::protocol;

namespace {

void inPlace(benchmark::State& state) {
  const auto size = static_cast<std::size_t>(state.range(0));
  const auto offset = static_cast<std::size_t>(state.range(1));
  std::vector<std::byte> bytes(size + 64, std::byte{'x'});
  for (auto _ : state) {
    applyMask({bytes.data() + offset, size}, micro::someKey);
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(inPlace)
    ->Name("applyMask")
    ->ArgNames({"bytes", "from alignment"})
    ->ArgsProduct({{7, 20, 125, 1024, 16'384, 262'144}, {0, 6}});

void shortInPlace(benchmark::State& state) {
  const auto size = static_cast<std::size_t>(state.range(0));
  std::vector<std::byte> bytes(size + 64, std::byte{'x'});
  for (auto _ : state) {
    applyMaskShort({bytes.data() + 6, size}, micro::someKey);
    benchmark::ClobberMemory();
  }
}
BENCHMARK(shortInPlace)->Name("applyMaskShort")->ArgName("bytes")->Arg(7)->Arg(20)->Arg(125);

void whileCopying(benchmark::State& state) {
  const auto size = static_cast<std::size_t>(state.range(0));
  const std::vector<std::byte> from(size, std::byte{'x'});
  std::vector<std::byte> to(size);
  for (auto _ : state) {
    copyMasked(from, to.data(), micro::someKey);
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(whileCopying)->Name("copyMasked")->ArgName("bytes")->Arg(20)->Arg(1024)->Arg(16'384)->Arg(262'144);

}  // namespace
