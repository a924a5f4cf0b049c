// Compressing and inflating messages: ISA-L and zlib, by size, each message by itself and with those before.

#include <benchmark/benchmark.h>
#include <isa-l/igzip_lib.h>
#include <zlib.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "protocol/deflater.h"
#include "protocol/inflater.h"

using namespace duplex;
using namespace duplex::protocol;

namespace {

/// Messages that are alike and not the same, as a program sends them.
std::vector<std::string> jsonMessages(std::size_t size) {
  std::mt19937 random(7);
  // More than a window, so that none is found again whole.
  std::vector<std::string> messages(std::max<std::size_t>(16, 128 * 1024 / size));
  for (std::string& text : messages) {
    while (text.size() < size) {
      text += "{\"id\":" + std::to_string(random() % 100'000) + ",\"symbol\":\"S" +
              std::to_string(random() % 500) + "\",\"bid\":" + std::to_string(random() % 10'000) + "." +
              std::to_string(random() % 100) + ",\"ask\":" + std::to_string(random() % 10'000) + "." +
              std::to_string(random() % 100) + ",\"active\":" + (random() % 2 == 0 ? "true" : "false") +
              ",\"tags\":[\"alpha\",\"beta\"]},";
    }
    text.resize(size);
  }
  return messages;
}

/// zlib as most servers have it.
class Zlib {
 public:
  explicit Zlib(int level) { deflateInit2(&stream_, level, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY); }
  Zlib(const Zlib&) = delete;
  Zlib& operator=(const Zlib&) = delete;
  ~Zlib() { deflateEnd(&stream_); }

  std::size_t deflate(const std::string& text, bool takeover) {
    if (!takeover) deflateReset(&stream_);
    out_.resize(2 * text.size() + 256);
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream_.avail_in = static_cast<uInt>(text.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out_.data());
    stream_.avail_out = static_cast<uInt>(out_.size());
    ::deflate(&stream_, Z_SYNC_FLUSH);
    return out_.size() - stream_.avail_out - 4;
  }
  const std::string& out() const { return out_; }

 private:
  z_stream stream_{};
  std::string out_;
};

/// ISA-L as it is; at level 0, which makes no codes, with that of RFC 1951 §3.2.6.
class Isal {
 public:
  explicit Isal(std::uint32_t level) : stream_(std::make_unique<isal_zstream>()) {
    isal_deflate_init(stream_.get());
    stream_->level = level;
    stream_->level_buf = memory_.data();
    stream_->level_buf_size = static_cast<std::uint32_t>(memory_.size());
    if (level == 0) isal_deflate_set_hufftables(stream_.get(), nullptr, IGZIP_HUFFTABLE_STATIC);
  }

  std::size_t deflate(const std::string& text, bool takeover) {
    if (stream_->total_in > std::uint32_t{1} << 30) isal_deflate_reset(stream_.get());
    out_.resize(2 * text.size() + 256);
    stream_->flush = takeover ? SYNC_FLUSH : FULL_FLUSH;
    stream_->next_in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
    stream_->avail_in = static_cast<std::uint32_t>(text.size());
    stream_->next_out = reinterpret_cast<std::uint8_t*>(out_.data());
    stream_->avail_out = static_cast<std::uint32_t>(out_.size());
    isal_deflate(stream_.get());
    return out_.size() - stream_->avail_out - 4;
  }

 private:
  std::unique_ptr<isal_zstream> stream_;
  std::vector<std::uint8_t> memory_ = std::vector<std::uint8_t>(ISAL_DEF_LVL3_SMALL);
  std::string out_;
};

template <class Deflate>
void measure(benchmark::State& state, Deflate&& deflate) {
  const auto messages = jsonMessages(static_cast<std::size_t>(state.range(0)));
  std::size_t wire = 0;
  // The window is filled, and then the same messages are counted for all.
  for (const std::string& text : messages) deflate(text);
  for (const std::string& text : messages) wire += deflate(text);
  std::size_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(deflate(messages[i++ % messages.size()]));
  state.counters["wire"] = static_cast<double>(wire) / static_cast<double>(messages.size());
}

void ownDeflate(benchmark::State& state) {
  Deflater deflater(state.range(1) != 0 ? Deflater::History::Kept : Deflater::History::None);
  Scratch scratch;
  measure(state,
          [&](const std::string& text) { return deflater.deflate(asBytes(text), 15, scratch).size(); });
}

template <std::uint32_t level>
void isalDeflate(benchmark::State& state) {
  Isal isal(level);
  measure(state, [&](const std::string& text) { return isal.deflate(text, state.range(1) != 0); });
}

template <int level>
void zlibDeflate(benchmark::State& state) {
  Zlib zlib(level);
  measure(state, [&](const std::string& text) { return zlib.deflate(text, state.range(1) != 0); });
}

void bySize(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgNames({"bytes", "takeover"})->ArgsProduct({{64, 200, 1024, 4096, 16'384}, {0, 1}});
}
BENCHMARK(ownDeflate)->Name("deflate duplex")->Apply(bySize);
BENCHMARK(isalDeflate<0>)->Name("deflate ISA-L 0")->Apply(bySize);
BENCHMARK(isalDeflate<1>)->Name("deflate ISA-L 1")->Apply(bySize);
BENCHMARK(isalDeflate<2>)->Name("deflate ISA-L 2")->Apply(bySize);
BENCHMARK(isalDeflate<3>)->Name("deflate ISA-L 3")->Apply(bySize);
BENCHMARK(zlibDeflate<1>)->Name("deflate zlib 1")->Apply(bySize);
BENCHMARK(zlibDeflate<4>)->Name("deflate zlib 4")->Apply(bySize);
BENCHMARK(zlibDeflate<6>)->Name("deflate zlib 6")->Apply(bySize);

template <Inflater::Engine engine>
void inflate(benchmark::State& state) {
  const bool takeover = state.range(1) != 0;
  const auto messages = jsonMessages(static_cast<std::size_t>(state.range(0)));
  Zlib zlib(6);
  std::vector<std::string> payloads;
  for (const std::string& text : messages) {
    const std::size_t size = zlib.deflate(text, takeover);
    payloads.push_back(zlib.out().substr(0, size));
  }
  Inflater inflater;
  InflateWindow window(15);
  std::size_t i = 0;
  std::size_t wire = 0;
  for (auto _ : state) {
    if (takeover && i % payloads.size() == 0) window.clear();
    const std::string& payload = payloads[i++ % payloads.size()];
    wire += payload.size();
    const auto result = inflater.inflate(asBytes(payload), 1 << 24, takeover ? &window : nullptr, engine);
    if (result.error != Errc{}) state.SkipWithError("not inflated");
  }
  state.counters["wire"] = static_cast<double>(wire) / static_cast<double>(state.iterations());
}
BENCHMARK(inflate<Inflater::Engine::Zlib>)->Name("inflate zlib")->Apply(bySize);
BENCHMARK(inflate<Inflater::Engine::Isal>)->Name("inflate ISA-L")->Apply(bySize);

}  // namespace
