// The opening handshake, without HTTP.

#include <benchmark/benchmark.h>

#include <array>

#include "protocol/handshake.h"

using namespace duplex::protocol;

namespace {

constexpr std::string_view key = "dGhlIHNhbXBsZSBub25jZQ==";

void accept(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(acceptKey(key));
}
BENCHMARK(accept)->Name("acceptKey");

void check(benchmark::State& state) {
  const std::array<HeaderField, 9> headers{{{"Host", "example.com"},
                                            {"User-Agent", "Mozilla/5.0 (X11; Linux x86_64)"},
                                            {"Accept-Language", "en"},
                                            {"Origin", "https://example.com"},
                                            {"Cookie", "session=0123456789abcdef"},
                                            {"Upgrade", "websocket"},
                                            {"Connection", "keep-alive, Upgrade"},
                                            {"Sec-WebSocket-Version", "13"},
                                            {"Sec-WebSocket-Key", key}}};
  for (auto _ : state) {
    auto offer = checkRequest({.method = "GET", .headers = headers});
    benchmark::DoNotOptimize(offer);
  }
}
BENCHMARK(check)->Name("checkRequest");

void respond(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(acceptResponse(key, {}, {}));
}
BENCHMARK(respond)->Name("acceptResponse");

}  // namespace
