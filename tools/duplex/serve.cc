#include "serve.h"

#include <fmt/format.h>
#include <signal.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>
#include <string>

#include <duplex/duplex.h>

#include "bench/descriptors.h"
#include "embedded_web.h"
#include "log.h"
#include "terminal.h"

namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;

constexpr auto everyone = "everyone";

duplex::AppOptions appOptions(const ServeOptions& options) {
  duplex::AppOptions app;
  app.threads = options.threads;
  app.backend = options.backend;
  const bool any = std::find(options.origins.begin(), options.origins.end(), "*") != options.origins.end();
  app.trustedProxies = options.trustedProxies;
  app.proxyProtocol = options.proxyProtocol;
  app.origins = any ? duplex::Origins::any() : duplex::Origins(options.origins);
  return app;
}

duplex::TlsOptions tlsOptions(const ServeOptions& options) {
  duplex::TlsOptions tls{.cert = options.certificate, .key = options.key, .ca = options.clientAuthority};
  if (!tls.ca.empty()) tls.clientCertificate = duplex::ClientCertificate::Require;
  return tls;
}

/// Connections that are made from now on get what is in the files now.
void reload(duplex::App& app) {
  try {
    app.reloadTls();
    spdlog::info("the certificate has been read anew");
  } catch (const duplex::TlsError& error) {
    spdlog::error("{}; the old certificate stays", error.what());
  }
}

void serveEmbedded(duplex::App& app) {
  for (const EmbeddedFile& file : web_files::all) {
    const std::string name = file.name;
    const auto answer = [&file, name](const duplex::Request&, duplex::Response& res) {
      res.type(name.substr(name.rfind('.'))).send(file.text());
    };
    app.get("/" + name, answer);
    if (name == "index.html") app.get("/", answer);
  }
}

/// The app's counters, one a line, in the text format of Prometheus.
std::string metricsText(const duplex::Metrics& metrics) {
  std::string text;
  for (const duplex::MetricField& field : duplex::metricFields()) {
    const auto value = metrics.*field.value;
    text += field.limit ? fmt::format("duplex_exceeded_total{{limit=\"{}\"}} {}\n", field.name, value)
                        : fmt::format("duplex_{} {}\n", field.name, value);
  }
  return text;
}

std::string isoTime() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  ::gmtime_r(&now, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text;
}

/// Everything that a client sends goes to all; and each second all hear how the server is.
class Relay {
 public:
  Relay(duplex::App& app, const duplex::Compression& compression) : app_(app) {
    app_.ws("/", {.open = [this](duplex::WebSocket ws) { opened(ws); },
                  .message = [this](duplex::WebSocket, const duplex::Message& message) { relay(message); },
                  .close = [this](duplex::WebSocket, const duplex::CloseEvent& event) { closed(event); },
                  .limits = {.maxMessageSize = 64 * 1024 * 1024, .maxBufferedAmount = 256 * 1024 * 1024},
                  .compression = compression});
    reports_ = duplex::setInterval([this] { report(); }, 1s);
  }
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;
  ~Relay() { stop(); }

  void stop() { duplex::clearInterval(reports_); }

 private:
  void opened(duplex::WebSocket ws) {
    ++clients_;
    spdlog::info("{} connected", ws.remoteAddress().string());
    ws.subscribe(everyone);
    ws.send("Hello");
  }

  void relay(const duplex::Message& message) {
    ++messages_;
    spdlog::debug("{} of {} bytes", message.isText() ? "text" : "binary", message.size());
    app_.publish(everyone, message);
  }

  void closed(const duplex::CloseEvent& event) {
    --clients_;
    spdlog::info("closed with {} {}", event.code, forLog(event.reason));
  }

  void report() {
    const auto uptime =
        std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - start_);
    const Json figures = {{"type", "server"},
                          {"time", isoTime()},
                          {"clients", clients_.load()},
                          {"messages", messages_.load()},
                          {"uptime", uptime.count()}};
    app_.publish(everyone, figures.dump());
  }

  duplex::App& app_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  // Handlers run on every thread of the app.
  std::atomic<long> clients_{0};
  std::atomic<long> messages_{0};
  duplex::TimerId reports_{};
};

}  // namespace

int serve(const ServeOptions& options) {
  // Each connection is one.
  if (!duplex::bench::allowAllDescriptors()) spdlog::warn("the limit on open files could not be raised");
  duplex::App app(appOptions(options));
  spdlog::debug("event loop over {}", duplex::Loop::backend());
  if (const auto why = duplex::Loop::whyNoUring()) spdlog::debug("io_uring: {}", why.message());
  app.onerror(&warn);
  app.use([](duplex::Request& req, duplex::Response&, duplex::Next& next) {
    spdlog::info("{} {} {}", req.remoteAddress().string(), req.method(), forLog(req.url()));
    next();
  });
  Relay relay(app, options.compression);
  if (!options.metrics.empty()) {
    app.get(options.metrics, [&app](const duplex::Request&, duplex::Response& res) {
      res.type("text/plain; version=0.0.4").send(metricsText(app.metrics()));
    });
  }
  if (options.folder.empty()) {
    serveEmbedded(app);
  } else {
    app.use(duplex::serveStatic(options.folder));
  }

  const bool secure = !options.certificate.empty();
  const auto listening = [&](const duplex::Address& address) {
    const bool local = address.family() == duplex::Address::Family::Unix;
    fmt::print("duplex serves {} on {}{}\n", options.folder.empty() ? "its demo page" : options.folder,
               local    ? ""
               : secure ? "https://"
                        : "http://",
               address.string());
    std::fflush(stdout);
  };
  if (!options.unixSocket.empty()) {
    app.listen({.path = options.unixSocket, .permissions = options.permissions}, listening);
  } else if (secure) {
    app.listenTls(options.port, tlsOptions(options), options.host, listening);
    duplex::onSignal(SIGHUP, [&app] { reload(app); });
  } else {
    app.listen(options.port, options.host, listening);
  }

  // The first signal ends it gracefully, the next at once.
  const auto stop = [&app, &relay, stopping = false]() mutable {
    relay.stop();
    app.close(stopping ? 0s : 5s);
    stopping = true;
  };
  duplex::onSignal(SIGINT, stop);
  duplex::onSignal(SIGTERM, stop);
  return duplex::run();
}
