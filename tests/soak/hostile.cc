// Peers that break rules and connections. They are owed nothing, and leave nothing behind.
#include <algorithm>
#include <string>
#include <utility>

#include "protocol/deflate_streams.h"
#include "raw.h"
#include "support/raw_client.h"

namespace duplex::soak {

using namespace std::chrono_literals;
using test::clientFrame;
using test::upgradeRequest;

namespace {

constexpr const char* routes[] = {"/wild",        "/echo",   "/echo/task", "/throws",
                                  "/flood/close", "/fickle", "/nowhere"};
constexpr const char* floods[] = {"/flood/close", "/flood/new", "/flood/old", "/flood/latest"};
constexpr const char* deflate = "Sec-WebSocket-Extensions: permessage-deflate\r\n";

/// What a client says from its first request to its Close.
std::string script(Crowd& crowd) {
  std::string text = upgradeRequest(crowd.oneOf(routes), crowd.oneIn(2) ? deflate : "");
  if (crowd.oneIn(4)) text = "GET /large HTTP/1.1\r\nHost: a\r\n\r\n" + text;
  if (crowd.oneIn(4)) {
    text =
        "POST /body HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n" + text;
  }
  for (unsigned i = crowd.below(6); i > 0; --i) text += clientFrame(0x81, std::string(crowd.below(126), 'r'));
  text += clientFrame(0x01, "a ") + clientFrame(0x89, "ping") + clientFrame(0x80, "fragment");
  if (crowd.oneIn(2)) text += clientFrame(0x88, std::string("\x03\xe8", 2));
  return text;
}

/// Says some of that, perhaps with a wrong bit in it, and goes without a word.
class Rude final : public Raw {
 public:
  Rude(Crowd& crowd, Way way) : Raw(crowd, "rude", way, /*handshake=*/!crowd.oneIn(5)), text_(script(crowd)) {
    text_.resize(crowd.below(static_cast<unsigned>(text_.size())) + 1);
    if (crowd.oneIn(4))
      text_[crowd.below(static_cast<unsigned>(text_.size()))] ^= static_cast<char>(1 << crowd.below(8));
    later(crowd.oneIn(3) ? 10ms : 2000ms, [this] { go(this->crowd().oneIn(2)); });
  }

 private:
  void onReady() override { say(text_); }

  std::string text_;
};

/// Asks for much, and reads nothing of it.
class Mute final : public Raw {
 public:
  Mute(Crowd& crowd, Way way) : Raw(crowd, "mute", way) {
    later(3000ms, [this] { go(this->crowd().oneIn(2)); });
  }

 private:
  void onReady() override {
    if (crowd().oneIn(4)) {
      for (int i = 0; i < 20; ++i) say("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
    } else {
      say(upgradeRequest(crowd().oneOf(floods), crowd().oneIn(2) ? deflate : ""));
      for (unsigned i = crowd().below(30); i > 0; --i) say(clientFrame(0x81, "much"));
    }
    stream().pause();
  }
};

/// One byte a second.
class Dripper final : public Raw {
 public:
  Dripper(Crowd& crowd, Way way) : Raw(crowd, "drip", way), text_(script(crowd)) {}

 private:
  void onReady() override {
    const std::size_t first = crowd().below(static_cast<unsigned>(text_.size()));
    say(std::string_view(text_).substr(0, first));
    drip(first);
  }
  void drip(std::size_t at) {
    if (at == text_.size() || !crowd().gathering()) return go(crowd().oneIn(2));
    say(std::string_view(text_).substr(at, 1));
    after(1000ms, [this, at] { drip(at + 1); });
  }

  const std::string text_;
};

/// Too many frames, messages too large, compressed ones that are too large inflated, or are none.
class Bomber final : public Raw {
 public:
  Bomber(Crowd& crowd, Way way) : Raw(crowd, "bomb", way) {
    later(2000ms, [this] { go(this->crowd().oneIn(2)); });
  }

 private:
  static std::string frame(unsigned char first, const std::string& payload) {
    std::string text{static_cast<char>(first), '\xff'};
    for (int shift = 56; shift >= 0; shift -= 8) text += static_cast<char>(payload.size() >> shift);
    return text + std::string(4, '\0') + payload;
  }

  void onReady() override {
    static const std::string bomb = test::ZlibDeflate().message(std::string(20'000'000, 'b'));
    say(upgradeRequest(crowd().oneOf(floods), deflate));
    switch (crowd().below(6)) {
      case 0:
        return say(frame(0xC2, bomb));
      case 1:
        return say(clientFrame(0xC1, test::noise(100, crowd().below(1000))));
      case 2:
        return say(frame(0x82, std::string(70'000, 'x')).substr(0, 20'000));
      case 3:
        // Announced, but too much.
        return say(frame(0x82, std::string(2'000'000, 'x')).substr(0, 1000));
      case 4:
        for (int i = 0; i < 3000; ++i) say(clientFrame(0x89, "ping"));
        return;
      default:
        say(clientFrame(0x01, "first"));
        for (int i = 0; i < 200; ++i) say(clientFrame(0x00, "more"));
    }
  }
};

}  // namespace

std::unique_ptr<Member> makeHostile(Crowd& crowd) {
  const Way way = crowd.way();
  switch (crowd.below(8)) {
    case 0:
      return std::make_unique<Mute>(crowd, way);
    case 1:
      return std::make_unique<Dripper>(crowd, way);
    case 2:
      return std::make_unique<Bomber>(crowd, way);
    default:
      return std::make_unique<Rude>(crowd, way);
  }
}

}  // namespace duplex::soak
