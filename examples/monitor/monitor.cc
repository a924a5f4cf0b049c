// How busy this machine is, told to the same page in two ways: pushed over a WebSocket whenever there
// is news, and polled with GET. Both are the path /figures; the page counts what each of them costs.

#include <chrono>
#include <cmath>
#include <cstdint>
#include <exception>
#include <nlohmann/json.hpp>
#include <string>

#include <duplex/duplex.h>

#include "common/server.h"
#include "machine.h"

namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;

constexpr auto period = 500ms;

/// Milliseconds since 1970.
auto now() {
  const auto time = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
}

std::string figuresText(const Figures& figures) {
  const Json json = {{"time", now()},
                     {"cpu", std::round(figures.cpu * 10) / 10},
                     {"load", figures.load},
                     {"memory", figures.memoryUsed},
                     {"memoryTotal", figures.memoryTotal},
                     {"received", std::llround(figures.received)},
                     {"sent", std::llround(figures.sent)}};
  return json.dump();
}

/// The bytes of the request line and the headers, which the page's JavaScript cannot see.
std::size_t sizeOf(const duplex::Request& req) {
  std::size_t size = req.method().size() + req.url().size() + std::string_view("  HTTP/1.1\r\n\r\n").size();
  for (const duplex::Field& header : req.headers()) size += header.name.size() + header.value.size() + 4;
  return size;
}

}  // namespace

int main(int argc, char** argv) try {
  const Options options = readPageOptions(argc, argv, EXAMPLE_PAGES);
  duplex::App app({.backend = options.backend});
  Machine machine;
  std::string latest = figuresText(machine.read());

  app.ws("/figures", [&latest](duplex::WebSocket ws, const duplex::Request& req) {
    ws.send(Json{{"period", period.count()}, {"handshake", sizeOf(req)}}.dump());
    ws.send(latest);
    ws.subscribe("figures");
  });
  const duplex::TimerId sampling = duplex::setInterval(
      [&] {
        latest = figuresText(machine.read());
        app.publish("figures", latest);
      },
      period);

  app.get("/figures", [&latest](duplex::Request&, duplex::Response& res) {
    res.set("Cache-Control", "no-store").json(latest);
  });
  app.get("/figures/request", [](duplex::Request& req, duplex::Response& res) {
    res.set("Cache-Control", "no-store").json(Json{{"size", sizeOf(req)}, {"time", now()}});
  });

  servePages(app, options);
  return serve(app, options, [sampling] { duplex::clearInterval(sampling); });
} catch (const std::exception& error) {
  return failed(error);
}
