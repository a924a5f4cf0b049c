#include <algorithm>
#include <initializer_list>
#include <string>
#include <utility>

#include "check/catalogue.h"

namespace duplex::check {
namespace {

/// The opening is all there is to it: a word each way shows that the connection is open.
Case& accepted(Family& family, std::string title, Head request) {
  Case& made = family.add(std::move(title), {ping("open")}, {pongItem("open")});
  made.opening.head = std::move(request);
  return made;
}

Case& refused(Family& family, std::string title, Head request) {
  Case& made = family.add(std::move(title));
  made.opening.head = std::move(request);
  made.opening.expect = Opening::Expect::Refusal;
  return made;
}

Head set(const std::string& name, std::initializer_list<std::string> values) {
  return goodRequest().setting(name, values);
}

std::string wantsVersion(const Head& answer) {
  return answer.hasToken("Sec-WebSocket-Version", "13") ? "" : "the answer has no Sec-WebSocket-Version: 13";
}

void addAnswer(Family& family) {
  family.group("The answer to a good handshake", "RFC 6455 §4.2.2", Level::Must, Roles::Server);
  const auto rule = [&](const char* title, HeadRule what) {
    accepted(family, title, goodRequest()).opening.rule = what;
  };
  rule("is 101 of HTTP/1.1", [](const Head& answer) -> std::string {
    return answer.start.starts_with("HTTP/1.1 101") ? "" : "the answer begins with " + answer.start;
  });
  rule("has Upgrade: websocket", [](const Head& answer) -> std::string {
    return answer.hasToken("Upgrade", "websocket") ? "" : "it has no Upgrade: websocket";
  });
  rule("has Connection: Upgrade", [](const Head& answer) -> std::string {
    return answer.hasToken("Connection", "Upgrade") ? "" : "it has no Connection: Upgrade";
  });
  rule("has one Sec-WebSocket-Accept, made of the key", [](const Head& answer) -> std::string {
    return answer.count("Sec-WebSocket-Accept") == 1 ? "" : "it has not one Sec-WebSocket-Accept";
  });
  rule("has no subprotocol where none was offered", [](const Head& answer) -> std::string {
    return answer.count("Sec-WebSocket-Protocol") == 0 ? "" : "it has a Sec-WebSocket-Protocol";
  });
  rule("has no extension where none was offered", [](const Head& answer) -> std::string {
    return answer.count("Sec-WebSocket-Extensions") == 0 ? "" : "it has Sec-WebSocket-Extensions";
  });
  // A server that has none of them may also refuse.
  accepted(family, "chooses none but an offered subprotocol", set("Sec-WebSocket-Protocol", {"a, b"}))
      .opening.otherwise = Verdict::Info;
  accepted(family, "chooses none but an offered subprotocol, of several lines",
           set("Sec-WebSocket-Protocol", {"a", "b"}))
      .opening.otherwise = Verdict::Info;
  accepted(family, "chooses none but an offered extension",
           set("Sec-WebSocket-Extensions", {"x-not-known-to-anybody"}));
}

void addAccepted(Family& family) {
  family.group("A good handshake is accepted, however it is written", "RFC 6455 §4.2.1", Level::Must,
               Roles::Server);
  {
    Head reversed = goodRequest();
    std::reverse(reversed.fields.begin(), reversed.fields.end());
    accepted(family, "Header lines in another order", reversed);
  }
  {
    Head small = goodRequest();
    Head capitals = goodRequest();
    for (auto& [name, value] : small.fields) {
      for (char& c : name) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    }
    for (auto& [name, value] : capitals.fields) {
      for (char& c : name) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
    }
    accepted(family, "Header names in small letters", small);
    accepted(family, "Header names in capitals", capitals);
  }
  accepted(family, "Upgrade: WebSocket", set("Upgrade", {"WebSocket"}));
  accepted(family, "Upgrade: WEBSOCKET", set("Upgrade", {"WEBSOCKET"}));
  accepted(family, "Connection: upgrade", set("Connection", {"upgrade"}));
  accepted(family, "Connection: keep-alive, Upgrade", set("Connection", {"keep-alive, Upgrade"}));
  accepted(family, "Connection: Upgrade,keep-alive", set("Connection", {"Upgrade,keep-alive"}));
  accepted(family, "Connection over two lines", set("Connection", {"keep-alive", "Upgrade"}));
  accepted(family, "Header lines that it does not know",
           goodRequest().adding("X-Unknown", "1").adding("Foo", "a=b"));
  {
    Case& made = accepted(family, "No space behind the colons", goodRequest());
    std::string raw = goodRequest().bytes();
    for (std::size_t at = 0; (at = raw.find(": ", at)) != std::string::npos;) raw.erase(at + 1, 1);
    made.opening.raw = std::move(raw);
  }
  {
    // Servers that know no protocol but this one may not look for lists.
    Case& made = accepted(family, "Upgrade: h2c, websocket", set("Upgrade", {"h2c, websocket"}));
    made.opening.otherwise = Verdict::NonStrict;
  }
  {
    Case& made = accepted(family, "A target in absolute form",
                          goodRequest().startingWith("GET http://{host}{target} HTTP/1.1"));
    made.section = "RFC 6455 §4.2.1, RFC 9112 §3.2.2";
  }
  accepted(family, "Extensions with parameters, quoted ones too",
           set("Sec-WebSocket-Extensions", {R"(x-a; b=c; d="e", x-f)"}));
}

void addRefused(Family& family) {
  family.group("What is no handshake is not accepted", "RFC 6455 §4.2.1", Level::Must, Roles::Server);
  const Head& good = goodRequest();
  refused(family, "No Upgrade", good.without("Upgrade"));
  refused(family, "Upgrade: h2c", set("Upgrade", {"h2c"}));
  refused(family, "Upgrade: websockets", set("Upgrade", {"websockets"}));
  refused(family, "No Connection", good.without("Connection"));
  refused(family, "Connection: keep-alive", set("Connection", {"keep-alive"}));
  refused(family, "Connection: close", set("Connection", {"close"}));
  refused(family, "No key", good.without("Sec-WebSocket-Key"));
  {
    Case& made = refused(family, "Two keys", good.adding("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="));
    made.section = "RFC 6455 §4.2.1, §11.3.1";
    made.opening.otherwise = Verdict::NonStrict;
  }
  refused(family, "No Host", good.without("Host")).section = "RFC 6455 §4.2.1, RFC 9112 §3.2";
  refused(family, "POST", good.startingWith("POST {target} HTTP/1.1").adding("Content-Length", "0"));
  refused(family, "HTTP/1.0", good.startingWith("GET {target} HTTP/1.0"));

  // A server need not decode the key (§4.2.2), though the handshake is none that way.
  family.group("A key is 16 bytes of base64", "RFC 6455 §4.2.1, §4.2.2", Level::Should, Roles::Server);
  const std::pair<const char*, const char*> keys[] = {
      {"An empty key", ""},
      {"A key of 15 bytes", "AAAAAAAAAAAAAAAAAAAA"},
      {"A key of 17 bytes", "AAAAAAAAAAAAAAAAAAAAAAA="},
      {"A key of 24 exclamation marks", "!!!!!!!!!!!!!!!!!!!!!!!!"},
      {"A key without padding", "AAAAAAAAAAAAAAAAAAAAAA"}};
  for (const auto& [title, key] : keys) {
    refused(family, title, set("Sec-WebSocket-Key", {key})).opening.otherwise = Verdict::NonStrict;
  }

  family.group("A version that the server has not is refused with those that it has", "RFC 6455 §4.2.2, §4.4",
               Level::Must, Roles::Server);
  for (const char* version : {"12", "14", "99", "255"}) {
    refused(family, std::string("Version ") + version, set("Sec-WebSocket-Version", {version})).opening.rule =
        &wantsVersion;
  }
  // Of drafts that a server may know, in which the rest of the handshake is the same.
  for (const char* version : {"7", "8"}) {
    Case& made = refused(family, std::string("Version ") + version, set("Sec-WebSocket-Version", {version}));
    made.level = Level::May;
    made.opening.otherwise = Verdict::Info;
  }
  refused(family, "No version", good.without("Sec-WebSocket-Version")).section = "RFC 6455 §4.2.1";
  {
    Case& made = refused(family, "The version twice", good.adding("Sec-WebSocket-Version", "13"));
    made.section = "RFC 6455 §4.2.1, §11.3.5";
    made.opening.otherwise = Verdict::NonStrict;
  }

  family.group("Extensions that break the grammar fail the handshake", "RFC 6455 §9.1", Level::Must,
               Roles::Server);
  for (const char* value : {"a;", "a b", "a; =b", "a; b=", "a; b=\"", "a; b=\"c d\"", "=", ";"}) {
    refused(family, std::string("Extensions ") + value, set("Sec-WebSocket-Extensions", {value}));
  }
  family.group("Subprotocols are tokens, none of them twice", "RFC 6455 §4.1, §4.2.1", Level::Should,
               Roles::Server);
  for (const char* value : {"a b", "a/b", "a;b", "\"a\"", "a, a"}) {
    refused(family, std::string("Subprotocols ") + value, set("Sec-WebSocket-Protocol", {value}))
        .opening.otherwise = Verdict::NonStrict;
  }
}

}  // namespace

void addServerOpening(Family& family) {
  addAnswer(family);
  addAccepted(family);
  addRefused(family);
}

}  // namespace duplex::check
