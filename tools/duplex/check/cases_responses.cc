#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/base64.h"
#include "check/catalogue.h"
#include "check/extension.h"
#include "protocol/header_list.h"

namespace duplex::check {
namespace {

Head set(const std::string& name, std::initializer_list<std::string> values) {
  return goodResponse().setting(name, values);
}

Case& opens(Family& family, std::string title, Head response) {
  Case& made = family.add(std::move(title), {text("open")}, {textItem("open")});
  made.opening.head = std::move(response);
  return made;
}

/// The client fails the connection; it is none yet, so nothing has to be said (RFC 6455 §7.1.7).
Case& fails(Family& family, std::string title, Head response) {
  Ending ending = failure(1002);
  ending.silent = ending.other = Verdict::Pass;
  Case& made = family.add(std::move(title), {}, {}, ending);
  made.opening.head = std::move(response);
  return made;
}

std::string onlyOne(const Head& request, const char* name) {
  return request.count(name) == 1 ? "" : std::string("the request has not one ") + name;
}

std::string tokensAreUnique(const Head& request) {
  if (request.count("Sec-WebSocket-Protocol") == 0) return {};
  const std::string list = request.list("Sec-WebSocket-Protocol");
  std::vector<std::string_view> tokens;
  if (!protocol::parseTokens(list, tokens)) return "Sec-WebSocket-Protocol is no list of tokens: " + list;
  std::sort(tokens.begin(), tokens.end());
  return std::adjacent_find(tokens.begin(), tokens.end()) == tokens.end() ? ""
                                                                          : "a subprotocol is offered twice";
}

std::string keyIsSixteenBytes(const Head& request) {
  if (std::string problem = onlyOne(request, "Sec-WebSocket-Key"); !problem.empty()) return problem;
  const auto bytes = base64Decode(*request.value("Sec-WebSocket-Key"));
  return bytes && bytes->size() == 16 ? "" : "the key is not base64 of 16 bytes";
}

void addRequest(Family& family) {
  family.group("What a client asks", "RFC 6455 §4.1", Level::Must, Roles::Client);
  const auto rule = [&](const char* title, HeadRule what) {
    opens(family, title, goodResponse()).opening.rule = what;
  };
  rule("is a GET of HTTP/1.1", [](const Head& request) -> std::string {
    const bool right = request.start.starts_with("GET ") && request.start.ends_with(" HTTP/1.1");
    return right ? "" : "the request begins with " + request.start;
  });
  rule("has a target that is a path or an http URI, without a fragment",
       [](const Head& request) -> std::string {
         const std::string target = request.start.substr(4, request.start.rfind(' ') - 4);
         const bool right =
             target.starts_with('/') || target.starts_with("http://") || target.starts_with("https://");
         return right && target.find('#') == std::string::npos ? "" : "the target is " + target;
       });
  rule("has one Host", [](const Head& request) { return onlyOne(request, "Host"); });
  rule("has websocket in Upgrade", [](const Head& request) -> std::string {
    return request.hasToken("Upgrade", "websocket") ? "" : "the request has no Upgrade: websocket";
  });
  rule("has Upgrade in Connection", [](const Head& request) -> std::string {
    return request.hasToken("Connection", "Upgrade") ? "" : "the request has no Connection: Upgrade";
  });
  rule("has one key, of 16 bytes in base64", &keyIsSixteenBytes);
  rule("has version 13", [](const Head& request) -> std::string {
    if (std::string problem = onlyOne(request, "Sec-WebSocket-Version"); !problem.empty()) return problem;
    return *request.value("Sec-WebSocket-Version") == "13" ? "" : "the version is not 13";
  });
  rule("offers subprotocols that are tokens, each once", &tokensAreUnique);
  rule("offers extensions in their grammar, and permessage-deflate with parameters that it has",
       [](const Head& request) { return checkOffers(request.list("Sec-WebSocket-Extensions")); });
  opens(family, "has a key that is new for each connection", goodResponse()).opening.freshKey = true;
  opens(family, "is followed by nothing until it is answered", goodResponse()).opening.slow = true;
}

void addOpening(Family& family) {
  family.group("An answer that is right opens the connection, however it is written", "RFC 6455 §4.1",
               Level::Must, Roles::Client);
  const Head& good = goodResponse();
  opens(family, "Another reason phrase", good.startingWith("HTTP/1.1 101 Web Socket Protocol Handshake"));
  opens(family, "An empty reason phrase", good.startingWith("HTTP/1.1 101 "));
  opens(family, "Upgrade: WebSocket", set("Upgrade", {"WebSocket"}));
  opens(family, "Connection: upgrade", set("Connection", {"upgrade"}));
  opens(family, "Connection: keep-alive, Upgrade", set("Connection", {"keep-alive, Upgrade"}));
  opens(family, "Other header lines",
        good.adding("Server", "x").adding("Set-Cookie", "a=b").adding("Set-Cookie", "c=d"));
  {
    Head small = good;
    for (auto& [name, value] : small.fields) {
      for (char& c : name) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    }
    opens(family, "Header names in small letters", small);
  }
  opens(family, "White space around Sec-WebSocket-Accept", set("Sec-WebSocket-Accept", {" \t{accept} \t"}));
  {
    Case& made = opens(family, "An interim answer before it", good);
    made.opening.raw = "HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n" + good.bytes();
    made.section = "RFC 6455 §4.1, RFC 9110 §15.2";
  }
  opens(family, "A message in the segment of the answer", good).opening.glued = true;
}

void addFailing(Family& family) {
  const Head& good = goodResponse();
  family.group("An answer that is no 101 opens nothing", "RFC 6455 §4.1", Level::Must, Roles::Client);
  // Not 404, by which clients are told that there are no more cases.
  for (const char* status : {"200 OK", "403 Forbidden", "426 Upgrade Required", "503 Service Unavailable"}) {
    fails(family, status, good.startingWith(std::string("HTTP/1.1 ") + status).adding("Content-Length", "0"));
  }
  family.group("An answer without its marks fails the connection", "RFC 6455 §4.1", Level::Must,
               Roles::Client);
  fails(family, "No Upgrade", good.without("Upgrade"));
  fails(family, "Upgrade: h2c", set("Upgrade", {"h2c"}));
  fails(family, "Upgrade: websockets", set("Upgrade", {"websockets"}));
  fails(family, "No Connection", good.without("Connection"));
  fails(family, "Connection: keep-alive", set("Connection", {"keep-alive"}));
  fails(family, "No Sec-WebSocket-Accept", good.without("Sec-WebSocket-Accept"));
  fails(family, "An empty Sec-WebSocket-Accept", set("Sec-WebSocket-Accept", {""}));
  fails(family, "Sec-WebSocket-Accept of another key",
        set("Sec-WebSocket-Accept", {"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="}));
  fails(family, "Sec-WebSocket-Accept that is the key", set("Sec-WebSocket-Accept", {"{key}"}));
  fails(family, "Sec-WebSocket-Accept with more behind it", set("Sec-WebSocket-Accept", {"{accept}x"}));
  fails(family, "Sec-WebSocket-Accept twice",
        good.adding("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="))
      .section = "RFC 6455 §4.1, §11.3.3";

  family.group("What was not offered fails the connection", "RFC 6455 §4.1, §9.1", Level::Must,
               Roles::Client);
  fails(family, "A subprotocol that was not offered", good.adding("Sec-WebSocket-Protocol", "x-not-offered"));
  fails(family, "An extension that was not offered",
        good.adding("Sec-WebSocket-Extensions", "x-not-offered"));
  fails(family, "An extension that was not offered, with parameters",
        good.adding("Sec-WebSocket-Extensions", "x-not-offered; a=1"));
  fails(family, "Extensions that break the grammar", good.adding("Sec-WebSocket-Extensions", "a; b=\""));
}

}  // namespace

void addClientOpening(Family& family) {
  addRequest(family);
  addOpening(family);
  addFailing(family);
}

}  // namespace duplex::check
