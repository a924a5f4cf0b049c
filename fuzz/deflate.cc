#include <algorithm>
#include <string>
#include <vector>

#include "input.h"
#include "protocol/deflate_offer.h"
#include "protocol/deflater.h"
#include "protocol/inflater.h"
#include "targets.h"

namespace duplex::fuzz {
namespace {

using namespace protocol;
using Engine = Inflater::Engine;

constexpr std::size_t most = 128 * 1024;

// What messages have become, up to the first that has not become any, and why that has not.
struct Inflated {
  std::vector<std::string> messages;
  Errc error{};
};

class OneEnd {
 public:
  OneEnd(Engine engine, bool takeover, int windowBits)
      : engine_(engine), takeover_(takeover), window_(windowBits) {}

  void take(Bytes payload, std::size_t limit) {
    if (inflated.error != Errc{}) return;
    Piece piece(payload);
    const auto [error, message] =
        inflater_.inflate(piece.bytes(), limit, takeover_ ? &window_ : nullptr, engine_);
    require(error == Errc{} || error == Errc::InvalidCompression || error == Errc::MessageTooBig,
            "what is wrong is the stream, or its size");
    require(message.size() <= limit, "a message is within its limit");
    inflated.error = error;
    if (error == Errc{}) inflated.messages.emplace_back(asText(message));
  }

  /// Short messages, not compressed: as many as it takes for the window to lie in a stream.
  void warmUp() {
    for (char c = 'a'; c < 'k'; ++c) {
      const std::string stored = std::string("\0\xE8\x03\x17\xFC", 5) + std::string(1000, c) + '\0';
      take(asBytes(stored), most);
    }
  }

  Inflated inflated;

 private:
  const Engine engine_;
  const bool takeover_;
  Inflater inflater_;
  InflateWindow window_;
};

/// Whether ISA-L makes the same of it as zlib; of what zlib refuses it may make more, for it takes codes that
/// leave bits unused. It looks ahead: what exceeds the limit and goes on wrong may be either to it.
bool agree(const Inflated& zlib, const Inflated& isal) {
  if (zlib.error != Errc::InvalidCompression)
    return zlib.messages == isal.messages && (zlib.error == Errc{}) == (isal.error == Errc{});
  return isal.messages.size() >= zlib.messages.size() &&
         std::equal(zlib.messages.begin(), zlib.messages.end(), isal.messages.begin());
}

/// Any bytes, as messages that a peer has compressed.
void inflate(Input& input, bool takeover, int windowBits) {
  const std::uint8_t choices = input.byte();
  const std::size_t limit = (choices & 1) != 0 ? input.byte() : most;
  OneEnd zlib(Engine::Zlib, takeover, windowBits);
  OneEnd isal(Engine::Isal, takeover, windowBits);
  if ((choices & 2) != 0) {
    zlib.warmUp();
    isal.warmUp();
  }
  while (!input.empty()) {
    const bool last = (input.byte() & 3) == 0;
    const Bytes payload = last ? input.rest() : asBytes(input.text());
    zlib.take(payload, limit);
    isal.take(payload, limit);
  }
  require(agree(zlib.inflated, isal.inflated), "both engines make the same of it");
}

/// Any messages: inflated, by either engine, they are what they were.
void deflate(Input& input, bool takeover, int windowBits) {
  Deflater deflater(takeover ? Deflater::History::Kept : Deflater::History::None);
  Scratch scratch;
  // Those who compress by zlib take 9 for 8.
  OneEnd zlib(Engine::Zlib, takeover, std::max(windowBits, 9));
  OneEnd isal(Engine::Isal, takeover, std::max(windowBits, 9));
  std::vector<std::string> messages;
  while (!input.empty()) {
    const std::uint8_t choices = input.byte();
    const std::string_view text = input.text();
    std::string message;
    // Long ones, too, which fill a window several times.
    for (int i = 0; i <= choices; ++i)
      message.append(text).append((choices & 1) != 0 ? std::to_string(i) : "");
    if (message.empty()) continue;
    if (choices % 16 == 15) deflater.forget();
    const Bytes deflated = deflater.deflate(asBytes(message), windowBits, scratch);
    zlib.take(deflated, message.size());
    isal.take(deflated, message.size());
    messages.push_back(std::move(message));
  }
  require(zlib.inflated.error == Errc{} && isal.inflated.error == Errc{}, "what we compress is DEFLATE");
  require(zlib.inflated.messages == messages && isal.inflated.messages == messages,
          "what was compressed comes out again");
}

}  // namespace

void deflate(Bytes bytes) {
  Input input(bytes);
  const std::uint8_t choices = input.byte();
  const bool takeover = (choices & 2) != 0;
  const int windowBits = minWindowBits + (choices >> 2) % 8;
  (choices & 1) != 0 ? inflate(input, takeover, windowBits) : deflate(input, takeover, windowBits);
}

}  // namespace duplex::fuzz
