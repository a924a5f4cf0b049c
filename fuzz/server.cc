#include <memory>
#include <string>
#include <vector>

#include <duplex/duplex.h>

#include "input.h"
#include "protocol/permessage_deflate.h"
#include "protocol/session.h"
#include "site.h"
#include "support/loops.h"
#include "support/raw_client.h"
#include "targets.h"

namespace duplex::fuzz {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t maxClients = 4;
constexpr std::size_t maxSteps = 200;

/// What must come out even at the end.
struct Counts {
  int opened = 0;
  int closed = 0;
};

AppOptions optionsFrom(Input& input) {
  const std::uint8_t choices = input.byte();
  AppOptions options;
  options.topicWildcards = (choices & 1) != 0;
  options.sendLocation = (choices & 2) != 0;
  if ((choices & 4) != 0) options.maxConnections = 2;
  if ((choices & 8) != 0) options.http.maxHeaderSize = 300;
  if ((choices & 16) != 0) options.http.maxHeaders = 8;
  if ((choices & 32) != 0) options.http.maxBodySize = 64;
  if ((choices & 64) != 0) options.origins = Origins::any();
  return options;
}

constexpr std::string_view offersDeflate = "Sec-WebSocket-Extensions: permessage-deflate\r\n";

WebSocketLimits limitsFrom(std::uint8_t choices) {
  constexpr SlowPeer policies[] = {SlowPeer::Close, SlowPeer::DropNew, SlowPeer::DropOld,
                                   SlowPeer::KeepLatest};
  WebSocketLimits limits;
  if ((choices & 1) != 0) limits.maxMessageSize = 64;
  if ((choices & 2) != 0) limits.maxFragments = 3;
  if ((choices & 4) != 0) limits.maxBufferedAmount = 512;
  if ((choices & 8) != 0) limits.pingInterval = 50ms;
  if ((choices & 16) != 0) limits.idleTimeout = 100ms;
  limits.slowPeer = policies[choices >> 6];
  return limits;
}

/// What a message asks the server to do with its socket; anything else comes back.
void obey(const WebSocket& ws, const Message& message) {
  const std::string_view text = message.text();
  if (text == "close") return ws.close(4000, "as you wish");
  if (text == "end") return ws.terminate();
  if (text == "ping") return ws.ping("?");
  if (text.starts_with("much ")) {
    ws.send(std::string(1000 * text.size(), 'm'));
    return;
  }
  if (text == "throw") throw std::runtime_error("as you wish");
  try {
    if (text.starts_with("sub ")) return ws.subscribe(text.substr(4));
    if (text.starts_with("unsub ")) return ws.unsubscribe(text.substr(6));
    if (text.starts_with("pub ")) return ws.publish(text.substr(4), "news", {.key = "k"});
  } catch (const SyntaxError&) {
    return;
  }
  ws.send(message, {.key = text.substr(0, 1)});
}

/// A coroutine that sends back what comes.
Task<> talk(WebSocket ws) {
  while (const auto message = co_await ws.receive()) {
    if (message->text() == "wait") co_await Loop::sleep(30ms);
    if (message->text() == "throw") throw std::runtime_error("as you wish");
    co_await ws.send(*message);
  }
}

void addRoutes(App& app, std::uint8_t choices, Counts& counts) {
  const WebSocketLimits limits = limitsFrom(choices);
  const Compression::Mode mode = (choices & 32) != 0 ? Compression::Dedicated : Compression::Shared;
  app.ws("/talk", {.open =
                       [&counts](WebSocket ws) {
                         ++counts.opened;
                         return talk(ws);
                       },
                   .close = [&counts](WebSocket, const CloseEvent&) { ++counts.closed; },
                   .limits = limits,
                   .compression = {.mode = mode, .threshold = 3}});
  app.use([](Request& req, Response& res, Next& next) {
    if (req.header("X-Who") == "nobody") return res.sendStatus(401);
    next();
  });
  app.get("/page/:name?", [](Request& req, Response& res) { res.send(req.params("name")); });
  app.post("/body", [](Request& req, Response& res) { res.send(req.body()); });
  app.get("/parts", [](Request&, Response& res) {
    for (int i = 0; i < 5; ++i) res.write(std::string(500, 'p'));
    res.end("!");
  });
  app.get("/later", [](Request&, Response& res) { setTimeout([res] { res.send("later"); }, 20ms); });
  app.get("/never", [](Request&, Response&) {});
  app.use("/files", serveStatic(Site::get().folder()));
  app.ws("/chat", {.open =
                       [&counts](WebSocket ws) {
                         ++counts.opened;
                         ws.subscribe("all");
                         ws.send("hello");
                       },
                   .message = &obey,
                   .close = [&counts](WebSocket, const CloseEvent&) { ++counts.closed; },
                   .protocols = {"a", "b"},
                   .limits = limits,
                   .compression = {.mode = mode, .threshold = 3}});
}

/// A client, and what it has said so far.
struct Peer {
  std::unique_ptr<test::RawClient> client;
  bool paused = false;
};

class Play {
 public:
  explicit Play(Input& input)
      : seed_(input.byte()),
        sim_(networkFrom(input, seed_)),
        app_(std::make_unique<App>(optionsFrom(input))) {
    addRoutes(*app_, input.byte(), counts_);
    address_ = app_->listen(0, "127.0.0.1");
    for (std::size_t step = 0; step < maxSteps && !input.empty(); ++step) act(input);
  }

  void finish() {
    for (Peer& peer : peers_) {
      if (peer.paused && !peer.client->over()) peer.client->resume();
    }
    pass(200ms);
    for (const Peer& peer : peers_) judge(peer.client->received);
    for (Peer& peer : peers_) peer.client->close();
    bool closed = false;
    app_->close(1s, [&closed] { closed = true; });
    require(test::turnUntil(
                sim_.loop, [&] { return closed; }, 20'000),
            "an app that is closed ends");
    require(counts_.opened == counts_.closed, "every socket that has opened closes, once");
    require(app_->clients().empty(), "and is gone");
    app_.reset();
    require(counts_.opened == counts_.closed, "and closes no second time");
  }

 private:
  static net::SimOptions networkFrom(Input& input, std::uint64_t seed) {
    const std::uint8_t choices = input.byte();
    net::SimOptions options{.seed = seed};
    if ((choices & 1) != 0) options.maxChunk = 1 + seed;
    if ((choices & 2) != 0) options.capacity = 700;
    if ((choices & 4) != 0) options.resets = 20;
    if ((choices & 8) != 0) options.delays = 300;
    return options;
  }

  void act(Input& input) {
    const std::uint8_t choice = input.byte();
    if (peers_.empty() || choice % 16 == 0) return connect();
    Peer& peer = peers_[choice / 16 % peers_.size()];
    if (peer.client->over() && choice % 16 < 10) return pass(1ms);
    switch (choice % 16) {
      case 1:
        return peer.client->send(input.text());
      case 2:
        return peer.client->send(test::upgradeRequest("/chat", input.text()));
      case 3: {
        const std::string_view payload = input.text();
        return peer.client->send(test::clientFrame(0x81, payload.substr(0, 125)));
      }
      case 4: {
        const std::uint8_t first = input.byte();
        return peer.client->send(test::clientFrame(first, input.text().substr(0, 125)));
      }
      case 5:
        return peer.client->send("GET " + std::string(input.text()) + " HTTP/1.1\r\nHost: a\r\n\r\n");
      case 6:
        return peer.client->shutdown();
      case 7:
        return peer.client->close((input.byte() & 1) != 0);
      case 8:
        peer.paused ? peer.client->resume() : peer.client->pause();
        peer.paused = !peer.paused;
        return;
      case 9:
        return peer.client->send(test::upgradeRequest("/talk", offersDeflate));
      case 12:
        return peer.client->send(test::upgradeRequest("/chat", offersDeflate));
      case 10:
        return app_->publish("all", std::string(input.byte() * 100u, 'n'), {.key = "all"});
      case 11:
        return pass(std::chrono::milliseconds(input.byte() * 40));
      default:
        return pass(1ms);
    }
  }

  void connect() {
    if (peers_.size() == maxClients) return pass(5ms);
    peers_.push_back({std::make_unique<test::RawClient>(sim_.loop, address_)});
  }

  /// Turns until so much of the network's time is over, or a good many times.
  void pass(Milliseconds time) {
    const TimePoint end = sim_.loop.now() + time;
    for (int turns = 0; turns < 100 && sim_.loop.now() <= end; ++turns) sim_.loop.turn(end + 1ms);
  }

  /// All that a server says is HTTP and, behind a 101, frames that a client of ours takes.
  static void judge(const std::string& received) {
    require(std::string_view("HTTP/1.1 ").starts_with(received.substr(0, 9)), "an answer is HTTP");
    require(received.find(Site::secret) == std::string::npos, "what is hidden is not sent");
    const std::size_t head = received.find("\r\n\r\n");
    if (!received.starts_with("HTTP/1.1 101 ") || head == std::string::npos) return;
    std::string frames = received.substr(head + 4);
    // A window of the largest size, that is kept, holds what any other may refer to.
    protocol::DeflateTools tools;
    protocol::PerMessageDeflate deflate(tools, protocol::Role::Client, {});
    protocol::SessionLimits limits;
    if (received.substr(0, head).find("permessage-deflate") != std::string::npos) limits.deflate = &deflate;
    protocol::Session session(protocol::Role::Client, limits);
    MutableBytes input = std::as_writable_bytes(std::span(frames));
    while (const protocol::Event event = session.next(input)) {
      require(event.type != protocol::Event::Type::Failure, "frames of ours break no rule");
    }
  }

  const std::uint64_t seed_;
  test::SimLoop sim_;
  Counts counts_;
  std::unique_ptr<App> app_;
  Address address_;
  std::vector<Peer> peers_;
};

}  // namespace

/// The whole server over the simulated network: what clients do, what they send, and what the network makes
/// of it comes from the input.
void server(Bytes bytes) {
  // What a client has sent may be echoed.
  if (asText(bytes).find(Site::secret) != std::string_view::npos) return;
  Input input(bytes);
  Play play(input);
  play.finish();
}

}  // namespace duplex::fuzz
