// duplex, as its users write it.

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <duplex/duplex.h>

#include "options.h"

namespace {

using namespace std::chrono_literals;

constexpr duplex::WebSocketLimits large{.maxMessageSize = 64 * 1024 * 1024,
                                        .maxBufferedAmount = 256 * 1024 * 1024};

void echo(duplex::App& app, const std::string& handlers, const duplex::Compression& compression = {}) {
  if (handlers == "coroutine") {
    app.ws("/", {.open = [](duplex::WebSocket ws) -> duplex::Task<> {
                   while (auto message = co_await ws.receive()) co_await ws.send(*message);
                 },
                 .limits = large,
                 .compression = compression});
  } else if (handlers.empty()) {
    app.ws("/", {.message = [](duplex::WebSocket ws, const duplex::Message& message) { ws.send(message); },
                 .limits = large,
                 .compression = compression});
  } else {
    throw std::invalid_argument("no such handlers: " + handlers);
  }
}

void broadcast(duplex::App& app) {
  app.ws("/", {.open = [](duplex::WebSocket ws, const duplex::Request&) { ws.subscribe("all"); },
               .message = [&app](duplex::WebSocket,
                                 const duplex::Message& message) { app.publish("all", message); },
               .limits = large});
}

void hello(duplex::App& app) {
  app.get("/", [](duplex::Request&, duplex::Response& res) { res.type("text/plain").send("Hello, World!"); });
}

/// One value that changes each second, and three ways to follow it. It comes with the time of the change, in
/// microseconds of the machine's monotonic clock.
class Watched {
 public:
  explicit Watched(duplex::App& app) : app_(app) {
    app.ws("/push", {.open = [this](duplex::WebSocket ws, const duplex::Request&) {
             ws.subscribe("value");
             ws.send(value());
           }});
    app.get("/value", [this](duplex::Request&, duplex::Response& res) { res.json(value()); });
    app.get("/wait", [this](duplex::Request& req, duplex::Response& res) {
      const long after = std::strtol(std::string(req.query("after")).c_str(), nullptr, 10);
      if (number_ > after) {
        res.json(value());
      } else {
        waiting_.push_back(res);
      }
    });
    duplex::setInterval([this] { change(); }, 1s);
  }

 private:
  static long now() {
    return std::chrono::duration_cast<std::chrono::microseconds>(
               std::chrono::steady_clock::now().time_since_epoch())
        .count();
  }

  std::string value() const {
    return "{\"value\":" + std::to_string(number_) + ",\"at\":" + std::to_string(changed_) + "}";
  }

  void change() {
    ++number_;
    changed_ = now();
    app_.publish("value", value());
    for (const duplex::Response& res : std::exchange(waiting_, {})) res.json(value());
  }

  duplex::App& app_;
  long number_ = 0;
  long changed_ = now();
  std::vector<duplex::Response> waiting_;
};

}  // namespace

int main(int argc, char** argv) try {
  const Options options = readOptions(argc, argv);
  duplex::App app({.backend = options.backend.empty() ? "auto" : options.backend,
                   .maxConnections = 200'000,
                   .maxConnectionsPerAddress = 0});
  std::optional<Watched> watched;
  switch (options.role) {
    case Options::Role::Echo:
    case Options::Role::Tls:
      echo(app, options.handlers);
      break;
    case Options::Role::Deflate:
      echo(app, options.handlers, {.mode = duplex::Compression::Dedicated, .threshold = 0});
      break;
    case Options::Role::Broadcast:
      broadcast(app);
      break;
    case Options::Role::Http:
      hello(app);
      break;
    case Options::Role::Watch:
      watched.emplace(app);
      break;
  }
  if (options.role == Options::Role::Tls) {
    const duplex::TlsOptions tls{.cert = options.certificate, .key = options.key};
    announce(app.listenTls(options.port, tls, "0.0.0.0").port());
  } else {
    announce(app.listen(options.port, "0.0.0.0").port());
  }
  return duplex::run();
} catch (const std::exception& error) {
  std::fprintf(stderr, "duplex_server: %s\n", error.what());
  return 1;
}
