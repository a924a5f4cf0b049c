#include "protocol/handshake.h"

#include <algorithm>
#include <string>
#include <vector>

#include <duplex/http_limits.h>

#include "base/ascii.h"
#include "http/ascii.h"
#include "http/request_parser.h"
#include "http/response_parser.h"
#include "input.h"
#include "targets.h"
#include "websocket/client_handshake.h"
#include "websocket/url.h"

namespace duplex::fuzz {
namespace {

using namespace protocol;
using http::RequestParser;
using http::ResponseHeadParser;

// The key of RFC 6455 §1.3, whose answer is in the dictionary.
constexpr std::string_view sampleKey = "dGhlIHNhbXBsZSBub25jZQ==";

std::vector<HeaderField> fieldsOf(const http::RequestHead& head) {
  std::vector<HeaderField> fields;
  for (const Field& field : head.fields) fields.push_back({field.name, field.value});
  return fields;
}

struct ReadRequest {
  http::RequestHead head;
  bool complete = false;
};

void readRequest(std::string_view text, std::uint8_t cut, ReadRequest& request) {
  const HttpLimits limits{.maxHeaderSize = 256 * 1024, .maxHeaders = 1000};
  std::string body;
  RequestParser parser(limits);
  parser.start(request.head, body);
  for (Cutter cutter(cut, asBytes(text)); !cutter.done();) {
    Piece piece = cutter.next();
    std::size_t consumed = 0;
    const RequestParser::Event event = parser.feed(piece.bytes(), consumed);
    request.complete = event == RequestParser::Event::Head;
    if (event != RequestParser::Event::NeedMore) return;
  }
}

// A client of ours takes what a server of ours answers.
void checkAnswer(const UpgradeOffer& offer, std::uint8_t cut) {
  const std::string chosen = offer.protocols.empty() ? "" : offer.protocols.back();
  const std::string answer = acceptResponse(offer.key, chosen, {}, "X-Extra: 1\r\n");
  ResponseHeadParser parser(64 * 1024);
  auto result = ResponseHeadParser::Result::NeedMore;
  for (Cutter cutter(cut, asBytes(answer)); !cutter.done();) {
    Piece piece = cutter.next();
    std::size_t consumed = 0;
    result = parser.feed(piece.bytes(), consumed);
  }
  require(result == ResponseHeadParser::Result::Complete, "our answer is one");
  ClientHandshake ours;
  ours.key = offer.key;
  ours.protocols = offer.protocols;
  const UpgradeResult judged = checkResponse({parser.status(), parser.version(), parser.headers()}, ours);
  require(judged.error == Errc{} && judged.protocol == chosen, "our client takes our answer");
}

void server(Input& input) {
  const std::uint8_t cut = input.byte();
  ReadRequest request;
  readRequest(asText(input.rest()), cut, request);
  if (!request.complete) return;
  const std::vector<HeaderField> fields = fieldsOf(request.head);
  const UpgradeRequest asked{request.head.method, request.head.version, fields};
  require(isUpgrade(asked) == request.head.upgrade, "both readers agree what a handshake is");
  const UpgradeOffer offer = checkRequest(asked);
  if (offer.error != Errc{}) {
    require(httpStatus(offer.error) >= 400 && httpStatus(offer.error) < 500,
            "a refusal is the client's fault");
    return;
  }
  require(request.head.upgrade && request.head.version == 11, "what is accepted is a handshake");
  require(onlyField(fields, "Sec-WebSocket-Version") == "13", "the version is 13");
  require(offer.key.size() == 24 && onlyField(fields, "Sec-WebSocket-Key") == offer.key,
          "the key is the one");
  for (const std::string& name : offer.protocols) {
    require(isToken(name), "a subprotocol is a token");
    require(std::ranges::count(offer.protocols, name) == 1, "a subprotocol is offered once");
  }
  checkAnswer(offer, cut);
}

void client(Input& input) {
  ClientHandshake ours;
  ours.key = sampleKey;
  if ((input.byte() & 1) != 0) ours.protocols = {"chat", "superchat"};
  const std::uint8_t cut = input.byte();
  ResponseHeadParser parser(64 * 1024);
  auto result = ResponseHeadParser::Result::NeedMore;
  for (Cutter cutter(cut, input.rest()); !cutter.done() && result == ResponseHeadParser::Result::NeedMore;) {
    Piece piece = cutter.next();
    std::size_t consumed = 0;
    result = parser.feed(piece.bytes(), consumed);
  }
  if (result != ResponseHeadParser::Result::Complete) return;
  const auto headers = parser.headers();
  const UpgradeResult judged = checkResponse({parser.status(), parser.version(), headers}, ours);
  if (judged.error != Errc{}) return;
  require(parser.status() == 101 && parser.version() == 11, "only 101 opens");
  require(onlyField(headers, "Sec-WebSocket-Accept") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
          "the answer is to our key");
  require(equalsIgnoringCase(onlyField(headers, "Upgrade").value_or(""), "websocket"), "it is a WebSocket");
  require(hasToken(headers, "Connection", "upgrade"), "the connection is upgraded");
  require(ours.protocols.empty() ? judged.protocol.empty()
                                 : std::ranges::count(ours.protocols, judged.protocol) == 1,
          "a subprotocol is one that was offered");
}

// What an application gives a client goes into the request as it is, or is refused; it cannot say more there.
void request(Input& input) {
  const std::uint8_t cut = input.byte();
  const std::string address(input.text());
  ClientOptions options;
  options.origin = input.text();
  for (int i = 0; i < 3 && !input.empty(); ++i) options.protocols.emplace_back(input.text());
  for (int i = 0; i < 3 && !input.empty(); ++i) {
    std::string name(input.text());
    options.headers.emplace_back(std::move(name), std::string(input.text()));
  }
  websocket::Url target;
  try {
    target = websocket::parseUrl(address);
    websocket::checkOptions(options);
  } catch (const SyntaxError&) {
    return;
  }
  const std::string head = requestHead(websocket::makeHandshake(target, options));
  ReadRequest read;
  readRequest(head, cut, read);
  require(read.complete, "a server of ours can read our request");
  require(read.head.target == target.target, "it asks for what the URL says");
  require(read.head.value("Host") == target.authority, "of the host that the URL says");
  const std::vector<HeaderField> fields = fieldsOf(read.head);
  std::size_t origins = 0;
  if (!options.origin.empty()) {
    ++origins;
    require(read.head.value("Origin") == http::trim(options.origin), "from the origin that is given");
  }
  for (const auto& header : options.headers) {
    const auto isGiven = [&header](const HeaderField& field) {
      return field.name == header.first && field.value == http::trim(header.second);
    };
    require(std::ranges::any_of(fields, isGiven), "with the headers that are given");
    if (equalsIgnoringCase(header.first, "Origin")) ++origins;
  }
  require(countFields(fields, "Origin") == origins, "and no other origin");
  require(countFields(fields, "Sec-WebSocket-Key") == 1 && countFields(fields, "Host") == 1,
          "nor key, nor host");
  const UpgradeOffer offer = checkRequest({read.head.method, read.head.version, fields});
  require(offer.error == Errc{} && offer.protocols == options.protocols, "and a server of ours accepts it");
}

}  // namespace

void handshake(Bytes bytes) {
  Input input(bytes);
  switch (input.byte() % 3) {
    case 0:
      return server(input);
    case 1:
      return client(input);
    default:
      return request(input);
  }
}

}  // namespace duplex::fuzz
