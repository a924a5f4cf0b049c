#include "server.h"

#include <memory>
#include <random>
#include <stdexcept>
#include <utility>

#include "protocol/deflate_streams.h"

namespace duplex::soak {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t small = 16;

/// For those whom the server is to stand.
WebSocketLimits strict() {
  return {.maxMessageSize = 1024 * 1024,
          .maxFragments = 100,
          .maxFramesPerSecond = 2000,
          .maxBufferedAmount = 512 * 1024,
          .idleTimeout = 2s,
          .pingInterval = 300ms,
          .closeTimeout = 1s};
}

/// For those who are to be answered, however busy the machine is.
WebSocketLimits patient() {
  return {.pingInterval = 1s, .closeTimeout = 60s};
}

void echo(const WebSocket& ws, const Message& message) {
  ws.send(message);
}

}  // namespace

Server::Server(std::string_view backend)
    : app_({.threads = 3, .backend = std::string(backend), .http = {.headerTimeout = 60s}}) {
  app_.onerror([this](const Error&) { ++errors_; });
  addEchoes();
  addTopics();
  addOthers();
  doors_.plain = app_.listen(0, "127.0.0.1");
  doors_.tls = app_.listenTls(0, test::Identities::get().localhost.server(), "127.0.0.1");
  doors_.local = app_.listen({.path = folder_.file("socket")});
  meddler_ = std::thread([this] { meddle(); });
}

Server::~Server() {
  over_ = true;
  meddler_.join();
}

void Server::addEchoes() {
  const std::pair<const char*, Compression::Mode> modes[] = {{"/echo", Compression::Off},
                                                             {"/echo/shared", Compression::Shared},
                                                             {"/echo/dedicated", Compression::Dedicated}};
  for (const auto& [path, mode] : modes) {
    app_.ws(path, {.message = &echo, .limits = patient(), .compression = {.mode = mode, .threshold = small}});
  }
  app_.ws("/echo/task", {.open = [](WebSocket ws) -> Task<> {
                           while (auto message = co_await ws.receive()) {
                             if (message->size() % 5 == 0) co_await Loop::sleep(2ms);
                             if (!co_await ws.send(*message)) break;
                           }
                         },
                         .limits = patient(),
                         .compression = {.mode = Compression::Dedicated, .threshold = small}});
}

void Server::addTopics() {
  app_.ws("/news", {.open = [](WebSocket ws) { ws.subscribe("news"); },
                    .limits = patient(),
                    .compression = {.mode = Compression::Shared, .threshold = small}});
  // Each with another policy, for those who read slowly or not at all.
  const std::pair<const char*, SlowPeer> policies[] = {{"/flood/close", SlowPeer::Close},
                                                       {"/flood/new", SlowPeer::DropNew},
                                                       {"/flood/old", SlowPeer::DropOld},
                                                       {"/flood/latest", SlowPeer::KeepLatest}};
  for (const auto& [path, policy] : policies) {
    WebSocketLimits limits = strict();
    limits.slowPeer = policy;
    app_.ws(path, {.open =
                       [](WebSocket ws) {
                         ws.emplace<std::string>("attached");
                         ws.subscribe("news");
                         ws.subscribe("wild");
                       },
                   .message =
                       [](WebSocket ws, const Message& message) {
                         if (message.text() != "much") return ws.publish("wild", message);
                         ws.send(std::string(100'000, 'm'), {.key = "much"});
                       },
                   .limits = limits,
                   .compression = {.mode = Compression::Dedicated, .threshold = small}});
  }
}

void Server::addOthers() {
  app_.ws("/wild", {.open = [](WebSocket ws) { ws.subscribe("wild"); },
                    .message =
                        [](WebSocket ws, const Message& message) {
                          ws.publish("wild", message);
                          ws.send(message);
                        },
                    .limits = strict(),
                    .compression = {.mode = Compression::Dedicated, .threshold = small}});
  app_.ws("/throws", {.message = [](WebSocket, const Message&) { throw std::runtime_error("on purpose"); },
                      .limits = strict()});
  // Says hello, and is lost soon after.
  app_.ws("/fickle", {.open =
                          [](WebSocket ws) {
                            ws.send("hello");
                            thread_local std::mt19937 random(1);
                            const bool cut = random() % 2 == 0;
                            setTimeout([ws, cut] { cut ? ws.terminate() : ws.close(1012); },
                                       std::chrono::milliseconds(random() % 300));
                          },
                      .limits = patient()});
  app_.get("/page", [](Request&, Response& res) { res.send(std::string(3000, 'p')); });
  app_.post("/body", [](Request& req, Response& res) { res.send(req.body()); });
  app_.get("/large", [](Request&, Response& res) { res.send(std::string(1'000'000, 'l')); });
  app_.get("/later", [](Request&, Response& res) -> Task<> {
    co_await Loop::sleep(3ms);
    res.send("later");
  });
}

/// Publishes numbered news, and does things to the sockets of /wild: all of that from a thread of its own.
void Server::meddle() {
  std::mt19937 random(2);
  for (std::size_t number = 1; !over_; ++number) {
    app_.publish("news", std::to_string(number) + ' ' + test::jsonText(random() % 500, number % 8));
    const std::vector<WebSocket> wild = app_.clients("/wild");
    for (int i = 0; i < 4 && !wild.empty(); ++i) {
      const WebSocket& ws = wild[random() % wild.size()];
      switch (random() % 5) {
        case 0:
          ws.terminate();
          break;
        case 1:
          ws.close(1001);
          break;
        case 2:
          ws.ping("from afar");
          break;
        case 3:
          random() % 2 == 0 ? ws.unsubscribe("wild") : ws.subscribe("wild");
          break;
        default:
          ws.send("from afar");
      }
    }
    std::this_thread::sleep_for(50ms);
  }
}

}  // namespace duplex::soak
