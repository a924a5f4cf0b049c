// What a session makes of bytes, for a test that asks another decoder, too. Reads cases from its input, each
// a line "server|client off|alone|takeover LIMIT CUT SIZE" and SIZE bytes, and prints for each a line of
// JSON: the events. The second word is what has been agreed on of compression.
#include <cstdio>
#include <iostream>
#include <string>

#include <duplex/error.h>

#include "input.h"
#include "protocol/permessage_deflate.h"
#include "protocol/session.h"

namespace {

using namespace duplex;
using protocol::Event;

std::string hex(Bytes bytes) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (const std::byte byte : bytes) {
    const auto value = std::to_integer<unsigned>(byte);
    text += {digits[value >> 4], digits[value & 15]};
  }
  return text;
}

std::string written(const Event& event) {
  switch (event.type) {
    case Event::Type::Text:
      return "[\"text\", \"" + hex(event.payload) + "\"]";
    case Event::Type::Binary:
      return "[\"binary\", \"" + hex(event.payload) + "\"]";
    case Event::Type::Ping:
      return "[\"ping\", \"" + hex(event.payload) + "\"]";
    case Event::Type::Pong:
      return "[\"pong\", \"" + hex(event.payload) + "\"]";
    case Event::Type::Close:
      return "[\"close\", " + std::to_string(event.code) + ", \"" + hex(event.payload) + "\"]";
    case Event::Type::Failure:
      return "[\"failure\", " + std::to_string(closeCode(event.error)) + "]";
    case Event::Type::None:
      break;
  }
  return "null";
}

std::string decode(protocol::Role role, std::string_view compression, std::size_t limit, int cut,
                   Bytes bytes) {
  static protocol::DeflateTools tools;
  const bool takeover = compression == "takeover";
  protocol::PerMessageDeflate deflate(tools, role,
                                      {{.serverTakeover = takeover, .clientTakeover = takeover}, {}});
  const protocol::SessionLimits limits{.maxMessageSize = limit,
                                       .deflate = compression == "off" ? nullptr : &deflate};
  protocol::Session session(role, limits);
  std::string events;
  for (fuzz::Cutter cutter(static_cast<std::uint8_t>(cut), bytes); !cutter.done();) {
    fuzz::Piece piece = cutter.next();
    MutableBytes input = piece.bytes();
    while (const Event event = session.next(input))
      events.append(events.empty() ? "" : ", ").append(written(event));
  }
  return "[" + events + "]";
}

}  // namespace

int main() {
  std::string role;
  std::string compression;
  std::size_t limit = 0;
  int cut = 0;
  std::size_t size = 0;
  while (std::cin >> role >> compression >> limit >> cut >> size) {
    std::string bytes(size, '\0');
    // The end of the line.
    std::cin.get();
    if (!std::cin.read(bytes.data(), static_cast<std::streamsize>(size))) return 1;
    const auto side = role == "client" ? protocol::Role::Client : protocol::Role::Server;
    std::puts(decode(side, compression, limit, cut, asBytes(bytes)).c_str());
  }
  return 0;
}
