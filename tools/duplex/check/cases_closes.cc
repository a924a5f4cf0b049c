#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <vector>

#include "check/catalogue.h"

namespace duplex::check {
namespace {

void addHandshake(Family& family) {
  family.group("A Close is answered with a Close, and TCP ends", "RFC 6455 §5.5.1, §7.1.1");
  Ending clean = closing({1000});
  clean.clean = true;
  family.add("Close 1000", {close(1000)}, {}, clean);
  Ending empty = closing({0, 1000});
  empty.clean = true;
  family.add("A Close without a body", {close()}, {}, empty);
  family.add("Close 1000 byte by byte", {close(1000)}, {}, clean).chop = 1;
  family.add("Close after a message", {text("a"), Await{1}, close(1000)}, {textItem("a")}, clean);
  family.add("Close after a Ping", {ping("p"), Await{1}, close(1000)}, {pongItem("p")}, clean);
  family.add("Close right behind a message", {text("a"), close(1000)}, {textItem("a")}, closing({1000}));
  family.add("Close right behind a Ping", {ping("p"), close(1000)}, {pongItem("p")}, closing({1000}));
  family.add("Close right behind 256 KiB", {binary(Payload::repeated("x", 256 * 1024)), close(1000)},
             {binaryItem(Payload::repeated("x", 256 * 1024))}, closing({1000}));

  family.group("A client leaves it to the server to end TCP", "RFC 6455 §7.1.1", Level::Should,
               Roles::Client);
  for (const Frame& each : {close(1000), close()}) {
    Ending ending = closing({0, 1000});
    ending.lingers = true;
    family.add(describe(each), {each}, {}, ending);
  }

  // Nothing has to be answered after a Close, and no data may be (§5.5.1).
  family.group("What comes after a Close is discarded", "RFC 6455 §1.4, §5.5.1");
  family.add("Text", {close(1000), text("late")}, {}, closing({1000}));
  family.add("A Ping", {close(1000), ping("late")}, {}, closing({1000}));
  family.add("A second Close", {close(1000), close(1001)}, {}, closing({1000}));
  family.add("The rest of a message", {text("a").open(), close(1000), more("b")}, {}, closing({1000}));
  family.add("What breaks the rules", {close(1000), frame(3, "x"), text("\xFF"), more("x")}, {},
             closing({1000}));
}

void addCodes(Family& family) {
  family.group("A code that may be sent is answered in kind", "RFC 6455 §7.4.1, §5.5.1");
  for (const std::uint16_t code :
       {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999}) {
    family.add(fmt::format("Close {}", code), {close(code)}, {}, closing({code}));
  }
  // Given a meaning since, in IANA's registry.
  for (const std::uint16_t code : {1012, 1013, 1014}) {
    Ending ending = closing({code});
    ending.other = Verdict::NonStrict;
    family.add(fmt::format("Close {}, of IANA's registry", code), {close(code)}, {}, ending);
  }
  family.group("A code that must not be sent is not sent back", "RFC 6455 §7.4.1, §7.4.2, §10.7");
  for (const std::uint16_t code : {0, 1, 999, 1004, 1005, 1006, 1015}) {
    family.add(fmt::format("Close {}", code), {close(code)}, {}, failure(1002));
  }
  for (const std::uint16_t code : {0, 999, 1005, 1006, 1015}) {
    family.add(fmt::format("Close {} with a reason", code), {close(code, "reason")}, {}, failure(1002));
  }
  family.group("A code that nobody has given a meaning", "RFC 6455 §7.4.2", Level::May);
  for (const std::uint16_t code : {1016, 1100, 2000, 2999, 5000, 32'768, 65'535}) {
    Ending ending = failure(1002);
    ending.other = ending.silent = ending.goesOn = Verdict::Info;
    family.add(fmt::format("Close {}", code), {close(static_cast<std::uint16_t>(code))}, {}, ending);
  }
}

void addBodies(Family& family) {
  family.group("The body of a Close is a code and a reason, or empty", "RFC 6455 §5.5.1, §10.7");
  for (const std::string& body : {std::string("\x03"), std::string(1, '\0'), std::string("\xFF")}) {
    family.add(
        fmt::format("A body of one byte, {:02x}", static_cast<unsigned>(static_cast<unsigned char>(body[0]))),
        {frame(8, body)}, {}, failure(1002));
  }
  family.group("A reason is text of at most 123 bytes", "RFC 6455 §5.5.1");
  family.add("A reason", {close(1000, "Goodbye")}, {}, closing({1000}));
  family.add("A reason of 123 bytes", {close(1000, std::string(123, 'r'))}, {}, closing({1000}));
  {
    std::string reason;
    for (int i = 0; i < 41; ++i) reason += "€";
    family.add("A reason of 41 code points in 123 bytes", {close(1000, reason)}, {}, closing({1000}));
  }
  family.add("A reason of one NUL", {close(1000, std::string_view("\0", 1))}, {}, closing({1000}));
  family.add("A reason of 124 bytes, too long for a control frame", {close(1000, std::string(124, 'r'))}, {},
             failure(1002));

  family.group("A reason that is not UTF-8 fails the connection", "RFC 6455 §5.5.1, §8.1");
  for (const char* bad :
       {"\xFF", "\x80", "\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82", "\xF0\x9F\x98"}) {
    Ending ending = failure(1007);
    ending.codes.push_back(1002);
    family.add("A reason with " + brief(bad), {close(1000, std::string("a") + bad)}, {}, ending);
  }
}

}  // namespace

void addCloses(std::vector<Case>& cases) {
  Family family(cases, 7);
  addHandshake(family);
  addCodes(family);
  addBodies(family);
}

}  // namespace duplex::check
