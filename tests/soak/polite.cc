// Those who keep to the rules, and are to be answered.
#include <charconv>
#include <deque>
#include <span>
#include <string>
#include <system_error>
#include <utility>

#include "crowd.h"
#include "raw.h"

namespace duplex::soak {

using namespace std::chrono_literals;

namespace {

constexpr const char* echoes[] = {"/echo", "/echo/shared", "/echo/dedicated", "/echo/task"};

std::string inWords(const CloseEvent& event) {
  return std::to_string(event.code) + (event.wasClean ? " " : " (not clean) ") + event.reason;
}

/// Says things, and gets each back as it was.
class Echoer final : public Member {
 public:
  /// Who is idle says something only when it is to go.
  Echoer(Crowd& crowd, bool idle)
      : Member(crowd, idle ? "idle" : "echo"),
        ws_(crowd.url(crowd.way(), crowd.oneOf(echoes)), crowd.options()),
        rounds_(1 + crowd.below(8)) {
    ws_.onopen(
        [this, idle] { idle&& this->crowd().gathering() ? after(60min, [this] { speak(); }) : speak(); });
    ws_.onmessage([this](const Message& message) { hear(message); });
    ws_.onerror([this](const Error& error) { error_ = error.message; });
    ws_.onclose([this](const CloseEvent& event) { end(event); });
  }

 private:
  void speak() {
    for (unsigned i = crowd().below(5); i < 5; ++i) {
      const std::string& text = expected_.emplace_back(crowd().text());
      if (text.size() % 2 == 0) {
        ws_.send(text);
      } else {
        ws_.send(std::as_bytes(std::span(text)));
      }
    }
  }

  void hear(const Message& message) {
    crowd().heard();
    const bool asSaid = !expected_.empty() && message.text() == expected_.front() &&
                        message.isText() == (message.size() % 2 == 0);
    if (!asSaid) {
      wrong_ = true;
      return ws_.close(4000);
    }
    expected_.pop_front();
    if (!expected_.empty()) return;
    if (--rounds_ == 0 || !crowd().gathering()) {
      rounds_ = 0;
      return ws_.close(1000);
    }
    later(3000ms, [this] { speak(); });
  }

  void end(const CloseEvent& event) {
    if (wrong_) {
      crowd().fail(ws_.url() + ": another message came back than was sent");
    } else if (rounds_ != 0 || event.code != 1000 || !event.wasClean) {
      crowd().fail(ws_.url() + ": " + std::to_string(expected_.size()) + " answers and " +
                   std::to_string(rounds_) + " rounds missing at close " + inWords(event) + error_);
    } else {
      crowd().answered();
    }
    leave();
  }

  WebSocket ws_;
  unsigned rounds_;
  std::deque<std::string> expected_;
  std::string error_;
  bool wrong_ = false;
};

/// The same as a coroutine.
class Talker final : public Member {
 public:
  explicit Talker(Crowd& crowd) : Member(crowd, "talk"), url_(crowd.url(crowd.way(), crowd.oneOf(echoes))) {
    later(1ms, [this] { spawn(talk()); });
  }

 private:
  Task<> talk() {
    try {
      const ClientOptions options = crowd().options();
      const WebSocket ws = co_await WebSocket::connect(url_, options);
      const std::string wrong = co_await exchange(ws);
      ws.close(1000);
      const CloseEvent event = co_await ws.closed();
      if (!wrong.empty()) {
        crowd().fail(url_ + ": " + wrong + " at close " + inWords(event));
      } else if (event.code != 1000) {
        crowd().fail(url_ + ": closed with " + inWords(event));
      } else {
        crowd().answered();
      }
    } catch (const std::system_error& error) {
      crowd().fail(url_ + ": not connected: " + error.what());
    }
    leave();
  }

  // What went wrong.
  Task<std::string> exchange(const WebSocket& ws) {
    for (unsigned i = crowd().below(20); i < 20 && crowd().gathering(); ++i) {
      const std::string text = crowd().text();
      if (!co_await ws.send(text)) co_return "lost while sending";
      const auto answer = co_await ws.receive();
      if (!answer) co_return "lost while waiting for an answer";
      if (answer->text() != text) co_return "another message came back than was sent";
      crowd().heard();
      if (crowd().oneIn(3)) co_await Loop::sleep(std::chrono::milliseconds(crowd().below(1500)));
    }
    co_return std::string();
  }

  const std::string url_;
};

/// Reads what is published to all: nothing of it may be missing.
class Reader final : public Member {
 public:
  explicit Reader(Crowd& crowd)
      : Member(crowd, "read"),
        ws_(crowd.url(crowd.way(), "/news"), crowd.options()),
        left_(1 + crowd.below(200)) {
    ws_.onmessage([this](const Message& message) { hear(message); });
    ws_.onclose([this](const CloseEvent& event) { end(event); });
  }

 private:
  void hear(const Message& message) {
    crowd().heard();
    const std::string_view text = message.text();
    std::size_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    if (number == 0 || (last_ != 0 && number != last_ + 1)) gap_ = true;
    last_ = number;
    if (left_ != 0) --left_;
    if (!crowd().gathering()) left_ = 0;
    if (left_ == 0) ws_.close(1000);
  }

  void end(const CloseEvent& event) {
    if (gap_) {
      crowd().fail(ws_.url() + ": what was published did not all come");
    } else if (left_ != 0 || event.code != 1000) {
      crowd().fail(ws_.url() + ": " + std::to_string(left_) + " messages missing at close " + inWords(event));
    } else {
      crowd().answered();
    }
    leave();
  }

  WebSocket ws_;
  unsigned left_;
  std::size_t last_ = 0;
  bool gap_ = false;
};

/// Is lost again and again, and connects again.
class Returner final : public Member {
 public:
  explicit Returner(Crowd& crowd) : Member(crowd, "return"), left_(1 + crowd.below(3)) {
    ClientOptions options = crowd.options();
    options.reconnect = {.maxTries = 50, .delay = 20ms, .maxDelay = 200ms};
    ws_ = WebSocket(crowd.url(crowd.way(), "/fickle"), options);
    ws_.onmessage([this] {
      this->crowd().heard();
      if (left_ != 0) --left_;
      if (left_ == 0) ws_.close(1000);
    });
    ws_.onclose([this](const CloseEvent& event) {
      // It may be lost at the very moment it closes.
      if (left_ == 0) {
        this->crowd().answered();
      } else {
        this->crowd().fail(ws_.url() + ": given up at close " + inWords(event));
      }
      leave();
    });
  }

 private:
  WebSocket ws_;
  unsigned left_;
};

/// Asks by HTTP, several times on one connection.
class Asker final : public Raw {
 public:
  explicit Asker(Crowd& crowd) : Raw(crowd, "ask", crowd.way()), requests_(1 + crowd.below(4)) {}

 private:
  void onReady() override {
    for (unsigned i = 1; i <= requests_; ++i) {
      const std::string end =
          i == requests_ ? " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" : " HTTP/1.1\r\nHost: a\r\n";
      switch (crowd().below(4)) {
        case 0:
          say("GET /page" + end + "\r\n");
          break;
        case 1:
          say("GET /later" + end + "\r\n");
          break;
        case 2:
          say("GET /large" + end + "\r\n");
          break;
        default:
          say("POST /body" + end + "Content-Length: 5\r\n\r\nhello");
      }
    }
  }
  void onData(MutableBytes bytes) override { answers_ += asText(bytes); }
  void onEnd() override {
    judge();
    go(false);
  }
  void onLost() override {
    judge();
    leave();
  }

  void judge() {
    std::size_t answers = 0;
    std::size_t size = 0;
    std::string_view rest = answers_;
    while (rest.starts_with("HTTP/1.1 200 ")) {
      constexpr std::string_view name = "Content-Length: ";
      const std::size_t at = rest.find(name);
      const std::size_t head = rest.find("\r\n\r\n");
      if (at == rest.npos || head == rest.npos || at > head) break;
      std::from_chars(rest.data() + at + name.size(), rest.data() + head, size);
      if (rest.size() - head - 4 < size) break;
      rest.remove_prefix(head + 4 + size);
      ++answers;
      crowd().heard();
    }
    if (answers == requests_ && rest.empty()) return crowd().answered();
    crowd().fail("HTTP: " + std::to_string(answers) + " answers to " + std::to_string(requests_) +
                 " requests, and behind them " + std::string(rest.substr(0, 30)));
  }

  const unsigned requests_;
  std::string answers_;
};

}  // namespace

std::unique_ptr<Member> makePolite(Crowd& crowd) {
  switch (crowd.below(10)) {
    case 0:
    case 1:
      return std::make_unique<Talker>(crowd);
    case 2:
    case 3:
      return std::make_unique<Reader>(crowd);
    case 4:
      return std::make_unique<Returner>(crowd);
    case 5:
      return std::make_unique<Asker>(crowd);
    default:
      return std::make_unique<Echoer>(crowd, false);
  }
}

std::unique_ptr<Member> makeIdle(Crowd& crowd) {
  return std::make_unique<Echoer>(crowd, true);
}

}  // namespace duplex::soak
