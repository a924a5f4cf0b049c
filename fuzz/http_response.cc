#include <string>

#include "http/response_parser.h"
#include "input.h"
#include "protocol/header_list.h"
#include "targets.h"

namespace duplex::fuzz {
namespace {

using http::ResponseHeadParser;

std::string read(std::size_t limit, Bytes bytes, std::uint8_t cut) {
  using Result = ResponseHeadParser::Result;
  ResponseHeadParser parser(limit);
  std::size_t taken = 0;
  for (Cutter cutter(cut, bytes); !cutter.done();) {
    Piece piece = cutter.next();
    std::size_t consumed = 0;
    const Result result = parser.feed(piece.bytes(), consumed);
    if (result == Result::Failed) return "failed " + std::to_string(static_cast<int>(parser.error()));
    require(consumed <= piece.bytes().size(), "no more is taken than there is");
    taken += consumed;
    if (result == Result::NeedMore) {
      require(consumed == piece.bytes().size(), "all of the input is taken");
      continue;
    }
    require(parser.status() >= 101 && parser.status() <= 999, "a status has three digits");
    require(parser.status() == 101 || parser.status() >= 200, "interim answers are passed over");
    require(parser.version() == 10 || parser.version() == 11, "a version is one that we speak");
    std::string told = std::to_string(parser.status()) + " after " + std::to_string(taken);
    std::size_t size = 0;
    for (const protocol::HeaderField& field : parser.headers()) {
      require(protocol::isToken(field.name), "a header's name is a token");
      require(field.value.find_first_of(std::string_view("\0\r\n", 3)) == std::string_view::npos,
              "a header's value has no end of a line in it");
      told.append("\n").append(field.name).append(": ").append(field.value);
      size += field.name.size() + field.value.size();
    }
    require(size <= limit, "headers are within their size");
    return told;
  }
  return "unfinished after " + std::to_string(taken);
}

}  // namespace

void httpResponse(Bytes bytes) {
  Input input(bytes);
  constexpr std::size_t limits[] = {64 * 1024, 64, 256, 0};
  const std::size_t limit = input.oneOf(limits);
  const std::uint8_t cut = input.byte();
  const Bytes wire = input.rest();
  require(read(limit, wire, 0) == read(limit, wire, cut), "how the bytes are cut changes nothing");
}

}  // namespace duplex::fuzz
