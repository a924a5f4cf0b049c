#include <fmt/format.h>

#include <string>
#include <vector>

#include "check/catalogue.h"

namespace duplex::check {

void addPings(std::vector<Case>& cases) {
  Family family(cases, 2);
  const std::string allBytes = [] {
    std::string bytes;
    for (int i = 0; i < 125; ++i) bytes += static_cast<char>(255 - i);
    return bytes;
  }();

  family.group("A Ping is answered by a Pong with what it carried", "RFC 6455 §5.5.2, §5.5.3");
  for (const std::size_t size : {0, 1, 4, 124, 125}) {
    const Payload payload = Payload::repeated("p", size);
    family.add(fmt::format("A Ping of {} bytes", size), {ping(payload)}, {pongItem(payload)});
  }
  family.add("A Ping of bytes that are no text", {ping(allBytes)}, {pongItem(allBytes)});
  family.add("A Ping of UTF-8 cut in the middle", {ping("\xE2\x82")}, {pongItem("\xE2\x82")});
  family.add("A Ping between messages", {text("a"), ping("p"), text("b")},
             {textItem("a"), pongItem("p"), textItem("b")});
  family.add("A Ping that arrives byte by byte", {ping("Hello")}, {pongItem("Hello")}).chop = 1;
  {
    std::vector<Step> pings;
    std::vector<Item> pongs;
    for (int i = 0; i < 10; ++i) {
      pings.emplace_back(ping(fmt::format("ping {}", i)));
      pongs.push_back(pongItem(fmt::format("ping {}", i)));
    }
    family.add("Ten Pings at once; the last may be answered for all", pings, pongs);
    family.add("Ten Pings, byte by byte", pings, pongs).chop = 1;
  }

  family.group("A Pong that nobody asked for is not answered", "RFC 6455 §5.5.3");
  for (const std::size_t size : {0, 1, 125}) {
    const Payload payload = Payload::repeated("q", size);
    family.add(fmt::format("A Pong of {} bytes", size), {pong(payload), text("a")}, {textItem("a")});
  }
  family.add("A Pong, and then a Ping", {pong("a"), ping("b")}, {pongItem("b")});
  family.add("Many Pongs", std::vector<Step>(50, Step(pong("again"))));

  family.group("A control frame has at most 125 bytes", "RFC 6455 §5.5, §10.7");
  for (const std::size_t size : {126, 127, 1'000, 65'536}) {
    const Payload payload = Payload::repeated("p", size);
    family.add(fmt::format("A Ping of {} bytes fails the connection", size), {ping(payload)}, {},
               failure(1002));
    family.add(fmt::format("A Pong of {} bytes fails the connection", size), {pong(payload)}, {},
               failure(1002));
  }
  family.add("A Close of 126 bytes fails the connection", {close(1000, std::string(124, 'r'))}, {},
             failure(1002));

  family.group("A control frame is not fragmented", "RFC 6455 §5.4, §5.5, §10.7");
  for (const Frame& each : {ping("x"), ping(), pong("x"), close(1000)}) {
    family.add(describe(each) + " with FIN 0 fails the connection", {each.open()}, {}, failure(1002));
  }
  family.add("A Ping in two fragments fails the connection", {ping("x").open(), more("y")}, {},
             failure(1002));
}

}  // namespace duplex::check
