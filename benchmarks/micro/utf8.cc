// Is it UTF-8? Whole texts, and texts that come in pieces.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "protocol/utf8.h"

using namespace duplex::protocol;

namespace {

/// At least `size` bytes, ending with a whole code point.
std::string textOf(std::string_view word, std::size_t size) {
  std::string text;
  while (text.size() < size) text += word;
  return text;
}

constexpr std::string_view ascii = "words ";
constexpr std::string_view latin = "Wörter und Größen ";
constexpr std::string_view cjk = "文字と言葉 🙂 ";

void whole(benchmark::State& state, std::string_view word) {
  const std::string text = textOf(word, static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(isValidUtf8(duplex::asBytes(text)));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}
BENCHMARK_CAPTURE(whole, ascii, ascii)
    ->Name("isValidUtf8, ASCII")
    ->ArgName("bytes")
    ->Arg(20)
    ->Arg(1024)
    ->Arg(65'536);
BENCHMARK_CAPTURE(whole, latin, latin)
    ->Name("isValidUtf8, Latin")
    ->ArgName("bytes")
    ->Arg(20)
    ->Arg(1024)
    ->Arg(65'536);
BENCHMARK_CAPTURE(whole, cjk, cjk)
    ->Name("isValidUtf8, CJK")
    ->ArgName("bytes")
    ->Arg(20)
    ->Arg(1024)
    ->Arg(65'536);

void inPieces(benchmark::State& state, std::string_view word) {
  const std::string text = textOf(word, 65'536);
  const duplex::Bytes bytes = duplex::asBytes(text);
  for (auto _ : state) {
    Utf8Checker checker;
    for (std::size_t at = 0; at < bytes.size(); at += 1448) {
      const std::size_t size = std::min<std::size_t>(1448, bytes.size() - at);
      benchmark::DoNotOptimize(checker.feed(bytes.subspan(at, size)));
    }
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}
BENCHMARK_CAPTURE(inPieces, ascii, ascii)->Name("Utf8Checker, 64 KB of ASCII in pieces");
BENCHMARK_CAPTURE(inPieces, latin, latin)->Name("Utf8Checker, 64 KB of Latin in pieces");
BENCHMARK_CAPTURE(inPieces, cjk, cjk)->Name("Utf8Checker, 64 KB of CJK in pieces");

}  // namespace
