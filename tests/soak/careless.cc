// Clients of ours that do anything an application may do, at any time, and ask for nothing back.
#include <span>
#include <string>
#include <system_error>

#include "crowd.h"

namespace duplex::soak {

using namespace std::chrono_literals;

namespace {

constexpr const char* routes[] = {"/wild",        "/wild",          "/echo",   "/echo/task",  "/throws",
                                  "/flood/close", "/flood/new",     "/fickle", "/flood/old",  "/page",
                                  "/nowhere",     "/flood/latest?", "/later",  "/echo/shared"};

class Wanderer final : public Member {
 public:
  explicit Wanderer(Crowd& crowd) : Member(crowd, "wander") {
    ClientOptions options = crowd.options();
    if (crowd.oneIn(4)) options.reconnect = {.maxTries = 2, .delay = 50ms};
    ws_ = WebSocket(crowd.url(crowd.way(), crowd.oneOf(routes)), options);
    ws_.onopen([this] { act(); });
    ws_.onmessage([this] {
      this->crowd().heard();
      if (this->crowd().oneIn(4)) act();
    });
    ws_.onclose([this] { leave(); });
    // At once now and then, while it still connects.
    later(crowd.oneIn(4) ? 20ms : 6000ms, [this] { end(); });
  }

 private:
  void end() {
    if (crowd().oneIn(2)) return ws_.terminate();
    ws_.close();
    later(1000ms, [this] { ws_.terminate(); });
  }

  void act() {
    switch (crowd().below(14)) {
      case 0:
        return ws_.close();
      case 1:
        return ws_.close(static_cast<std::uint16_t>(3000 + crowd().below(2000)), "that is all");
      case 2:
        return ws_.terminate();
      case 3:
        return ws_.ping("ping");
      case 4:
        ws_.emplace<std::string>("attached");
        return;
      case 5: {
        const std::string bytes = crowd().text();
        ws_.send(std::as_bytes(std::span(bytes)));
        return;
      }
      default:
        for (unsigned i = crowd().below(6); i > 0; --i) ws_.send(crowd().text());
    }
  }

  WebSocket ws_;
};

/// The same as a coroutine, which stops anywhere.
class Drifter final : public Member {
 public:
  explicit Drifter(Crowd& crowd) : Member(crowd, "drift") {
    later(1ms, [this] { spawn(drift()); });
  }

 private:
  Task<> drift() {
    try {
      const ClientOptions options = crowd().options();
      const WebSocket ws =
          co_await WebSocket::connect(crowd().url(crowd().way(), crowd().oneOf(routes)), options);
      // Whoever waits for an answer that never comes is not left waiting.
      setTimeout([ws] { ws.terminate(); }, std::chrono::milliseconds(crowd().below(3000)));
      for (unsigned i = crowd().below(10); i > 0; --i) {
        if (!co_await ws.send(crowd().text())) break;
        if (crowd().oneIn(2)) co_await Loop::sleep(std::chrono::milliseconds(crowd().below(100)));
        if (crowd().oneIn(2) && !co_await ws.receive()) break;
        crowd().heard();
      }
      if (crowd().oneIn(2)) ws.close();
      if (crowd().oneIn(2)) co_await ws.closed();
      ws.terminate();
    } catch (const std::system_error&) {
      // Refused, or cut.
    }
    leave();
  }
};

}  // namespace

std::unique_ptr<Member> makeCareless(Crowd& crowd) {
  if (crowd.oneIn(3)) return std::make_unique<Drifter>(crowd);
  return std::make_unique<Wanderer>(crowd);
}

}  // namespace duplex::soak
