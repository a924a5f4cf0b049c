// Live pictures from browser to browser. A camera sends each frame as one JPEG; the server hands it to
// every viewer who has kept up. A viewer says when it has drawn a frame, and one who is still busy with
// the last two misses the next: what is shown is always fresh, and nothing piles up.
//
//   camera  ws://host/show?name=…   sends JPEGs, hears {"viewers":…,"skipped":…} after each
//   viewer  ws://host/watch         hears {"type":"cameras","cameras":[{"id":…,"name":…}, …]} and frames:
//                                   id and number of the frame, 4 bytes each, high byte first, then the
//                                   JPEG; sends the id when it has drawn one

#include <cstdint>
#include <exception>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include <duplex/duplex.h>

#include "common/server.h"

namespace {

using Json = nlohmann::json;
using duplex::WebSocket;

constexpr unsigned framesOnTheWay = 2;

struct Camera {
  std::uint32_t id = 0;
  std::string name;
  std::uint32_t frames = 0;
  std::uint64_t skipped = 0;
};

struct Viewer {
  /// By camera: frames sent and not yet drawn.
  std::map<std::uint32_t, unsigned> undrawn;
};

void appendNumber(std::string& bytes, std::uint32_t number) {
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(number >> shift);
}

class Studio {
 public:
  explicit Studio(duplex::App& app) : app_(app) {
    app.ws("/show", {.open = [this](WebSocket ws, const duplex::Request& req) { addCamera(ws, req); },
                     .message = [this](WebSocket ws, const duplex::Message& frame) { show(ws, frame); },
                     .close = [this](WebSocket ws, const duplex::CloseEvent&) { removeCamera(ws); },
                     .limits = {.maxMessageSize = MiB}});
    app.ws("/watch", {.open = [this](WebSocket ws, const duplex::Request&) { addViewer(ws); },
                      .message = [](WebSocket ws, const duplex::Message& id) { drawn(ws, id.text()); },
                      .limits = {.maxMessageSize = 16}});
  }

 private:
  void addCamera(WebSocket ws, const duplex::Request& req) {
    const std::uint32_t id = ++lastId_;
    const Camera* camera = ws.emplace<Camera>(Camera{id, std::string(req.query("name").substr(0, 40))});
    cameras_[id] = camera->name;
    app_.publish("cameras", camerasText());
  }

  void removeCamera(WebSocket ws) {
    cameras_.erase(ws.data<Camera>()->id);
    app_.publish("cameras", camerasText());
  }

  void addViewer(WebSocket ws) {
    ws.emplace<Viewer>();
    ws.subscribe("cameras");
    ws.send(camerasText());
  }

  void show(WebSocket ws, const duplex::Message& jpeg) {
    Camera& camera = *ws.data<Camera>();
    std::string frame;
    frame.reserve(8 + jpeg.size());
    appendNumber(frame, camera.id);
    appendNumber(frame, ++camera.frames);
    frame += jpeg.text();

    const auto viewers = app_.clients("/watch");
    for (const WebSocket& viewer : viewers) {
      unsigned& undrawn = viewer.data<Viewer>()->undrawn[camera.id];
      if (viewer.bufferedAmount() > 0 || undrawn >= framesOnTheWay) {
        ++camera.skipped;
      } else {
        ++undrawn;
        viewer.send(std::as_bytes(std::span(frame)));
      }
    }
    ws.send(Json{{"viewers", viewers.size()}, {"skipped", camera.skipped}}.dump());
  }

  static void drawn(WebSocket ws, std::string_view id) {
    const auto waiting = ws.data<Viewer>()->undrawn.find(
        static_cast<std::uint32_t>(std::strtoul(std::string(id).c_str(), nullptr, 10)));
    if (waiting != ws.data<Viewer>()->undrawn.end() && waiting->second > 0) --waiting->second;
  }

  std::string camerasText() const {
    Json cameras = Json::array();
    for (const auto& [id, name] : cameras_) cameras.push_back({{"id", id}, {"name", name}});
    return Json{{"type", "cameras"}, {"cameras", cameras}}.dump(-1, ' ', false,
                                                                Json::error_handler_t::replace);
  }

  duplex::App& app_;
  std::map<std::uint32_t, std::string> cameras_;
  std::uint32_t lastId_ = 0;
};

}  // namespace

int main(int argc, char** argv) try {
  const Options options = readPageOptions(argc, argv, EXAMPLE_PAGES);
  duplex::App app({.backend = options.backend});
  Studio studio(app);
  servePages(app, options);
  return serve(app, options);
} catch (const std::exception& error) {
  return failed(error);
}
