// Rooms to talk in. A room is a topic: what is said in it is published to all who are there.
//
// A browser joins with ws://host/rooms/<room>?name=<name> and sends what it says as plain text. The
// server sends JSON: `welcome` to who joins, `joined`, `said` and `left` to the room, `rooms` to all.

#include <algorithm>
#include <chrono>
#include <deque>
#include <exception>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include <duplex/duplex.h>

#include "common/server.h"

namespace {

using Json = nlohmann::json;
using duplex::WebSocket;

constexpr std::size_t longestName = 40;
constexpr std::size_t longestHistory = 100;
constexpr auto everywhere = "rooms";

/// What comes from a URL may be no UTF-8.
std::string text(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

auto now() {
  const auto time = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
}

struct Room {
  std::vector<std::string> members;
  std::deque<Json> history;
};

/// Who is behind a socket.
struct Member {
  std::string room;
  std::string name;
};

class Chat {
 public:
  explicit Chat(duplex::App& app) : app_(app) {
    app.ws("/rooms/:room", checkNames,
           {.open = [this](WebSocket ws, const duplex::Request& req) { join(ws, req); },
            .message = [this](WebSocket ws, const duplex::Message& message) { say(ws, message); },
            .close = [this](WebSocket ws, const duplex::CloseEvent&) { leave(ws); },
            .limits = {.maxMessageSize = 4096}});
  }

 private:
  /// Runs before the upgrade: who has no name gets 400, and no socket.
  static void checkNames(duplex::Request& req, duplex::Response& res, duplex::Next& next) {
    const auto fits = [](std::string_view name) { return !name.empty() && name.size() <= longestName; };
    if (fits(req.params("room")) && fits(req.query("name"))) return next();
    res.status(400).send("A room and a name are needed, of at most 40 bytes each.");
  }

  void join(WebSocket ws, const duplex::Request& req) {
    const std::string roomName(req.params("room"));
    Room& room = rooms_[roomName];
    const std::string name = freeName(room, std::string(req.query("name")));
    room.members.push_back(name);
    ws.emplace<Member>(Member{roomName, name});

    ws.send(text({{"type", "welcome"}, {"name", name}, {"history", room.history}}));
    ws.subscribe(everywhere);
    ws.subscribe(topic(roomName));
    tellRoom(roomName, {{"type", "joined"}, {"name", name}, {"members", room.members}, {"time", now()}});
    tellRooms();
  }

  void say(WebSocket ws, const duplex::Message& message) {
    if (message.isBinary()) return ws.close(1003, "only text is spoken here");
    const Member& member = *ws.data<Member>();
    const Json said = {{"type", "said"}, {"name", member.name}, {"text", message.text()}, {"time", now()}};
    std::deque<Json>& history = rooms_[member.room].history;
    history.push_back(said);
    if (history.size() > longestHistory) history.pop_front();
    tellRoom(member.room, said);
  }

  void leave(WebSocket ws) {
    const Member member = *ws.data<Member>();
    std::vector<std::string>& members = rooms_[member.room].members;
    members.erase(std::find(members.begin(), members.end(), member.name));
    tellRoom(member.room, {{"type", "left"}, {"name", member.name}, {"members", members}, {"time", now()}});
    // A room lasts as long as somebody is in it.
    if (members.empty()) rooms_.erase(member.room);
    tellRooms();
  }

  static std::string freeName(const Room& room, const std::string& wanted) {
    std::string name = wanted;
    const auto& members = room.members;
    for (int i = 2; std::find(members.begin(), members.end(), name) != members.end(); ++i) {
      name = wanted + " " + std::to_string(i);
    }
    return name;
  }

  static std::string topic(const std::string& room) { return "room " + room; }

  void tellRoom(const std::string& room, const Json& news) { app_.publish(topic(room), text(news)); }

  void tellRooms() {
    Json rooms = Json::array();
    for (const auto& [name, room] : rooms_) {
      rooms.push_back({{"name", name}, {"members", room.members.size()}});
    }
    app_.publish(everywhere, text({{"type", "rooms"}, {"rooms", rooms}}));
  }

  duplex::App& app_;
  std::map<std::string, Room> rooms_;
};

}  // namespace

int main(int argc, char** argv) try {
  const Options options = readPageOptions(argc, argv, EXAMPLE_PAGES);
  duplex::App app({.backend = options.backend});
  Chat chat(app);
  servePages(app, options);
  return serve(app, options);
} catch (const std::exception& error) {
  return failed(error);
}
