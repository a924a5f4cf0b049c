// What an idle connection costs, and that nothing of it stays.
#include <doctest/doctest.h>

#include <arpa/inet.h>
#include <malloc.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <duplex/duplex.h>

#include "base/large_blocks.h"
#include "support/loops.h"
#include "support/raw_client.h"
#include "websocket/connection.h"

using namespace duplex;
using test::turnUntil;

namespace {

// See SlabMemory and SlotTable.
constexpr std::size_t slabSize = 64 * 1024;
constexpr std::size_t slotSize = 16;

/// Bytes that malloc has given out, with its own word beside each; nothing under a sanitizer, whose
/// malloc does not count.
std::size_t allocated() {
  const struct mallinfo2 info = ::mallinfo2();
  return info.uordblks + info.hblkhd;
}

/// As many descriptors as this process may have.
std::size_t raiseDescriptorLimit() {
  rlimit limit{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
  limit.rlim_cur = limit.rlim_max;
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &limit) == 0);
  return limit.rlim_cur;
}

/// Clients that are descriptors and nothing else, so that what is allocated is the server's.
class Crowd {
 public:
  Crowd(net::Loop& loop, const Address& server, std::size_t size) : loop_(loop), server_(server) {
    descriptors_.reserve(size);
  }
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;
  ~Crowd() { leave("", false); }

  /// Opens `count` more; `opened` counts those that the server knows of.
  void join(std::size_t count, const std::size_t& opened) {
    const std::string request = test::upgradeRequest();
    while (count > 0) {
      // Fewer at once than a listener's backlog.
      const std::size_t some = std::min<std::size_t>(count, 100);
      const std::size_t target = opened + some;
      for (std::size_t i = 0; i < some; ++i) join(request);
      REQUIRE(turnUntil(loop_, [&] { return opened == target; }));
      count -= some;
    }
  }

  /// All go, after sending `farewell`; with `reset` without a FIN.
  void leave(const std::string& farewell, bool reset) {
    for (const int descriptor : descriptors_) {
      if (!farewell.empty()) (void)!::write(descriptor, farewell.data(), farewell.size());
      const linger how{.l_onoff = reset, .l_linger = 0};
      ::setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &how, sizeof how);
      ::close(descriptor);
    }
    descriptors_.clear();
  }

 private:
  void join(const std::string& request) {
    const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    REQUIRE(descriptor >= 0);
    descriptors_.push_back(descriptor);
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_port = htons(server_.port());
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(descriptor, reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0);
    REQUIRE(::write(descriptor, request.data(), request.size()) == static_cast<ssize_t>(request.size()));
  }

  net::Loop& loop_;
  const Address server_;
  std::vector<int> descriptors_;
};

void measure(net::Loop& loop, std::size_t connections) {
  std::size_t opened = 0;
  std::size_t closed = 0;
  App app;
  app.ws("/", {.open = [&](WebSocket, const Request&) { ++opened; },
               .message = [](WebSocket ws, const Message& message) { ws.send(message); },
               .close = [&](WebSocket, const CloseEvent&) { ++closed; }});
  Crowd crowd(loop, app.listen(0, "127.0.0.1"), connections);
  const auto& memory = loop.local<websocket::ConnectionMemory>();
  const SlabMemory& objects = memory.connections;
  const SlabMemory& sockets = loop.socketMemory();

  const auto openAll = [&] { crowd.join(connections, opened); };
  const auto closeAll = [&](const std::string& farewell, bool reset) {
    crowd.leave(farewell, reset);
    REQUIRE(turnUntil(loop, [&] { return closed == opened && sockets.taken() == 0; }));
    CHECK(objects.taken() == 0);
    CHECK(objects.slabs() <= 1);
    CHECK(sockets.slabs() <= 1);
    CHECK(memory.extras.taken() == 0);
    CHECK(memory.extras.slabs() <= 1);
  };
  const std::pair<std::string, bool> ways[] = {{test::clientFrame(0x88, "\x03\xe8"), false}, {"", true}};
  // What tests before this one have left is not to be given back meanwhile.
  trimBlocks();
  trimBlocks();
  // The first crowds leave behind the slots, which are used again and never given back, and what the
  // loop keeps for its own use.
  for (const auto& [farewell, reset] : ways) {
    openAll();
    closeAll(farewell, reset);
  }
  for (const auto& [farewell, reset] : ways) {
    const std::size_t before = allocated();
    openAll();
    const std::size_t used = allocated() - before;
    CHECK(objects.taken() == connections);
    CHECK(sockets.taken() == connections);
    CHECK(memory.extras.taken() == 0);
    const std::size_t each =
        sizeof(websocket::Connection) + sizeof(net::Socket) + slotSize + used / connections;
    INFO(loop.backendName(), ": ", connections, " connections, of which malloc gave ", used, " bytes");
    CHECK(each <= 256);
    // All slabs but the last are full.
    CHECK(objects.slabs() * slabSize <= connections * sizeof(websocket::Connection) * 101 / 100 + slabSize);
    closeAll(farewell, reset);
    CHECK(allocated() <= before + 4096);
  }
}

}  // namespace

TEST_CASE("an idle connection costs at most 256 bytes, and leaves none behind") {
  // Two descriptors each, for both ends are here.
  const std::size_t most = (raiseDescriptorLimit() - 100) / 2;
  for (const auto& [backend, connections] : {std::pair("epoll", 1'000), {"auto", 10'000}}) {
    net::Loop loop(backend);
    measure(loop, std::min<std::size_t>(static_cast<std::size_t>(connections), most));
  }
}
