#include <forward_list>
#include <memory>
#include <string>
#include <vector>

#include <duplex/http_limits.h>

#include "http/byte_range.h"
#include "http/cookie.h"
#include "http/etag.h"
#include "http/media_type.h"
#include "http/query.h"
#include "http/request_parser.h"
#include "input.h"
#include "protocol/handshake.h"
#include "targets.h"

namespace duplex::fuzz {
namespace {

using http::RequestHead;
using http::RequestParser;

void checkHead(const RequestHead& head, const HttpLimits& limits) {
  require(protocol::isToken(head.method), "a method is a token");
  require(head.version == 10 || head.version == 11, "a version is one that we speak");
  require(head.fields.size() <= limits.maxHeaders, "headers are within their number");
  require(head.target == "*" ? head.path == "*" : head.path.starts_with('/'), "a path begins with a slash");
  require(head.target.find_first_of("# \t\r\n") == std::string_view::npos, "a target ends where a space is");
  const std::string joined =
      std::string(head.path) + (head.query.empty() ? "" : "?") + std::string(head.query);
  require(head.target == joined || head.target == joined + "?", "a target is its path and its query");
  std::size_t bytes = 0;
  for (const Field& field : head.fields) {
    require(protocol::isToken(field.name), "a header's name is a token");
    require(field.value.find_first_of(std::string_view("\0\r\n", 3)) == std::string_view::npos,
            "a header's value has no end of a line in it");
    require(head.find(field.name) != nullptr, "a header that is there is found");
    bytes += field.name.size() + field.value.size();
  }
  require(bytes <= limits.maxHeaderSize, "headers are within their size");
  require(head.version < 11 || head.find("Host") != nullptr, "HTTP/1.1 has a host");
  require(!(head.find("Content-Length") != nullptr && head.find("Transfer-Encoding") != nullptr),
          "a body has one length");
}

// What a handler may ask of a request reads the same bytes.
void readFurther(const RequestHead& head) {
  std::vector<Field> found;
  std::forward_list<std::string> decoded;
  http::parseQuery(head.query, found, decoded);
  require(found.size() <= head.query.size() + 1, "a query has no more parameters than characters");
  found.clear();
  http::parseCookies(head.value("Cookie"), found);
  for (const Field& cookie : found) require(!cookie.name.empty(), "a cookie has a name");
  constexpr std::uint64_t size = 1000;
  const http::ByteRange range = http::parseRange(head.value("Range"), size);
  require(range.kind != http::ByteRange::Kind::Part ||
              (range.length > 0 && range.offset < size && range.length <= size - range.offset),
          "a range lies in the body");
  http::hasEtag(head.value("If-None-Match"), "\"x\"");
}

std::string written(const RequestHead& head) {
  std::string text(head.method);
  text.append(" ").append(head.target).append(" ").append(head.authority);
  text.append({' ', head.version == 11 ? '1' : '0', head.keepAlive ? 'k' : '-',
               head.expectContinue ? 'e' : '-', head.upgrade ? 'u' : '-'});
  for (const Field& field : head.fields)
    text.append("\n").append(field.name).append(": ").append(field.value);
  return text;
}

struct Message {
  RequestHead head;
  std::string body;
};

// All that the bytes say, request after request.
std::string read(const HttpLimits& limits, Bytes bytes, std::uint8_t cut, bool check) {
  using Event = RequestParser::Event;
  std::string told;
  RequestParser parser(limits);
  auto message = std::make_unique<Message>();
  parser.start(message->head, message->body);
  for (Cutter cutter(cut, bytes); !cutter.done();) {
    Piece piece = cutter.next();
    Bytes input = piece.bytes();
    while (true) {
      std::size_t consumed = 0;
      const Event event = parser.feed(input, consumed);
      require(message->body.size() <= limits.maxBodySize, "a body is within its limit");
      if (event == Event::Failed) {
        require(parser.status() >= 400 && parser.status() < 600, "a failure has a status");
        return told + "\nfailed " + std::to_string(parser.status());
      }
      require(consumed <= input.size(), "no more is taken than there is");
      input = input.subspan(consumed);
      if (event == Event::NeedMore) {
        require(input.empty(), "all of the input is taken");
        break;
      }
      if (event == Event::Head) {
        told += "\nhead " + written(message->head);
        if (check) checkHead(message->head, limits);
        if (check) readFurther(message->head);
        continue;
      }
      told += "\nbody " + message->body;
      if (!message->head.keepAlive) return told;
      message = std::make_unique<Message>();
      parser.start(message->head, message->body);
    }
  }
  return told + (parser.began() ? "\nunfinished" : "");
}

}  // namespace

void httpRequest(Bytes bytes) {
  Input input(bytes);
  const std::uint8_t choices = input.byte();
  HttpLimits limits;
  if ((choices & 1) != 0) limits.maxHeaderSize = 16 + 4 * std::size_t{input.byte()};
  if ((choices & 2) != 0) limits.maxHeaders = input.byte() % 8;
  if ((choices & 4) != 0) limits.maxBodySize = input.byte();
  const std::uint8_t cut = input.byte();
  // With something behind it: of a chunk's header Beast wants to see five bytes before it judges. Where a
  // chunk leaves fewer of that, it leaves enough of more.
  std::string wire(asText(input.rest()));
  const auto sameInPieces = [&] {
    wire.append(8, '\0');
    return read(limits, asBytes(wire), cut, false) == read(limits, asBytes(wire), 0, true);
  };
  require(sameInPieces() || sameInPieces(), "how the bytes are cut changes nothing");
}

}  // namespace duplex::fuzz
