// Files from the browser to the server and back, with the progress of both and a checksum at the end.
//
// Whoever sends a file cuts it into binary messages; whoever receives it says how far it has got, and
// the sender is never more than a window ahead of that. So a progress bar shows what has arrived,
// neither end queues more than a window, and other messages get through in between.
//
//   browser → server                         server → browser
//   {"type":"put","name":…,"size":…}         {"type":"files","files":[{"id":…,"name":…,"size":…}, …]}
//   bytes, bytes, bytes …                    {"type":"received","bytes":…} …
//                                            {"type":"stored","id":…,"sha256":…}
//   {"type":"get","id":…}                    {"type":"file","id":…,"name":…,"size":…,"sha256":…}
//   {"type":"received","bytes":…} …          bytes, bytes, bytes …
//
// What cannot be done is answered with {"type":"refused","reason":…}.

#include <algorithm>
#include <exception>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

#include <duplex/duplex.h>

#include "common/server.h"
#include "sha256.h"
#include "store.h"

namespace {

using Json = nlohmann::json;
using duplex::WebSocket;

constexpr std::size_t chunk = 64 * 1024;
constexpr std::size_t window = 16 * chunk;
constexpr std::size_t largestFile = 128 * MiB;
constexpr std::size_t room = 512 * MiB;

struct Upload {
  File file;
  std::size_t size = 0;
  Sha256 sha256{};
};

struct Download {
  std::shared_ptr<const File> file;
  std::size_t sent = 0;
  std::size_t received = 0;
};

/// What goes on over one connection; both ways at once, if the browser likes.
struct Transfers {
  std::optional<Upload> upload;
  std::optional<Download> download;
};

class FileServer {
 public:
  explicit FileServer(duplex::App& app) : app_(app) {
    app.ws("/transfer", {.open =
                             [this](WebSocket ws, const duplex::Request&) {
                               ws.emplace<Transfers>();
                               ws.subscribe("files");
                               ws.send(filesText());
                             },
                         .message =
                             [this](WebSocket ws, const duplex::Message& message) {
                               message.isBinary() ? receive(ws, message) : obey(ws, message);
                             },
                         .limits = {.maxMessageSize = 2 * chunk}});
  }

 private:
  void obey(WebSocket ws, const duplex::Message& message) {
    const Json command = Json::parse(message.text(), nullptr, false);
    const std::string type = command.is_object() ? command.value("type", "") : "";
    Transfers& transfers = *ws.data<Transfers>();
    if (type == "put" && !transfers.upload) {
      put(ws, transfers, command.value("name", "file"), command.value("size", std::size_t{0}));
    } else if (type == "get" && !transfers.download) {
      get(ws, transfers, command.value("id", ""));
    } else if (type == "received" && transfers.download) {
      transfers.download->received = command.value("bytes", std::size_t{0});
      sendMore(ws, transfers);
    } else {
      ws.close(1008, "this is not the time for that");
    }
  }

  void put(WebSocket ws, Transfers& transfers, std::string name, std::size_t size) {
    if (size > largestFile) return refuse(ws, "The server takes files of up to 128 MiB.");
    transfers.upload.emplace(Upload{{.name = std::move(name)}, size});
    finishIfWhole(ws, transfers);
  }

  void receive(WebSocket ws, const duplex::Message& message) {
    Transfers& transfers = *ws.data<Transfers>();
    if (!transfers.upload) return ws.close(1008, "these bytes belong to no file");
    Upload& upload = *transfers.upload;
    upload.file.bytes += message.text();
    upload.sha256.update(message.bytes());
    if (upload.file.bytes.size() > upload.size) return ws.close(1008, "more bytes than announced");
    ws.send(Json{{"type", "received"}, {"bytes", upload.file.bytes.size()}}.dump());
    finishIfWhole(ws, transfers);
  }

  void finishIfWhole(WebSocket ws, Transfers& transfers) {
    Upload& upload = *transfers.upload;
    if (upload.file.bytes.size() < upload.size) return;
    upload.file.sha256 = upload.sha256.finish();
    const auto file = store_.add(std::move(upload.file));
    transfers.upload.reset();
    ws.send(Json{{"type", "stored"}, {"id", file->id}, {"sha256", file->sha256}}.dump());
    app_.publish("files", filesText());
  }

  void get(WebSocket ws, Transfers& transfers, const std::string& id) {
    const auto file = store_.find(id);
    if (file == nullptr) return refuse(ws, "The server no longer has this file.");
    ws.send(Json{{"type", "file"},
                 {"id", file->id},
                 {"name", file->name},
                 {"size", file->bytes.size()},
                 {"sha256", file->sha256}}
                .dump());
    transfers.download.emplace(Download{file});
    sendMore(ws, transfers);
  }

  /// As much as the window has room for.
  void sendMore(WebSocket ws, Transfers& transfers) {
    Download& download = *transfers.download;
    const std::string_view bytes = download.file->bytes;
    while (download.sent < bytes.size() && download.sent < download.received + window) {
      const std::string_view part = bytes.substr(download.sent, chunk);
      ws.send(std::as_bytes(std::span(part)));
      download.sent += part.size();
    }
    if (download.received >= bytes.size()) transfers.download.reset();
  }

  static void refuse(WebSocket ws, const char* reason) {
    ws.send(Json{{"type", "refused"}, {"reason", reason}}.dump());
  }

  std::string filesText() const {
    Json files = Json::array();
    for (const auto& file : store_.files()) {
      files.push_back({{"id", file->id}, {"name", file->name}, {"size", file->bytes.size()}});
    }
    return Json{{"type", "files"}, {"files", files}}.dump();
  }

  duplex::App& app_;
  Store store_{room};
};

}  // namespace

int main(int argc, char** argv) try {
  const Options options = readPageOptions(argc, argv, EXAMPLE_PAGES);
  duplex::App app({.backend = options.backend});
  FileServer files(app);
  servePages(app, options);
  return serve(app, options);
} catch (const std::exception& error) {
  return failed(error);
}
