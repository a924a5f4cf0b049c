#include "protocol/handshake.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <set>

using namespace duplex::protocol;
using duplex::Errc;

namespace {

using Headers = std::vector<HeaderField>;
using Names = std::vector<std::string>;

constexpr std::string_view sampleKey = "dGhlIHNhbXBsZSBub25jZQ==";
constexpr std::string_view sampleAccept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

// A good request (RFC 6455 §1.2).
const Headers good{{"Host", "server.example.com"},
                   {"Upgrade", "websocket"},
                   {"Connection", "Upgrade"},
                   {"Sec-WebSocket-Key", sampleKey},
                   {"Sec-WebSocket-Version", "13"}};
const Headers goodAnswer{
    {"Upgrade", "websocket"}, {"Connection", "Upgrade"}, {"Sec-WebSocket-Accept", sampleAccept}};

Headers without(Headers headers, std::string_view name) {
  headers.erase(std::remove_if(headers.begin(), headers.end(),
                               [&](const HeaderField& field) { return field.name == name; }),
                headers.end());
  return headers;
}
Headers with(Headers headers, std::string_view name, std::string_view value) {
  headers.push_back({name, value});
  return headers;
}
Headers changed(const Headers& headers, std::string_view name, std::string_view value) {
  return with(without(headers, name), name, value);
}

UpgradeOffer check(const Headers& headers, std::string_view method = "GET", int version = 11) {
  return checkRequest({method, version, headers});
}
Errc error(const Headers& headers) {
  return check(headers).error;
}

UpgradeResult checkAnswer(const Headers& headers, const Names& offered = {}, int status = 101,
                          int version = 11) {
  ClientHandshake handshake;
  handshake.key = sampleKey;
  handshake.protocols = offered;
  return checkResponse({status, version, headers}, handshake);
}
Errc answerError(const Headers& headers, const Names& offered = {}) {
  return checkAnswer(headers, offered).error;
}

}  // namespace

TEST_CASE("the accept value of RFC 6455 section 1.3") {
  CHECK(acceptKey(sampleKey) == sampleAccept);
}

TEST_CASE("keys are 16 bytes and differ") {
  std::set<std::string> keys;
  for (int i = 0; i < 100; ++i) {
    keys.insert(makeKey());
    CHECK(error(changed(good, "Sec-WebSocket-Key", *keys.rbegin())) == Errc{});
  }
  CHECK(keys.size() == 100);
}

TEST_CASE("a good request passes") {
  const UpgradeOffer offer = check(good);
  CHECK(offer.error == Errc{});
  CHECK(offer.key == sampleKey);
  CHECK(offer.protocols.empty());
  CHECK(isUpgrade({"GET", 11, good}));
}

TEST_CASE("what makes a request an upgrade") {
  CHECK(isUpgrade({"GET", 10, with({}, "upgrade", "h2c, WebSocket")}));
  CHECK_FALSE(isUpgrade({"POST", 11, good}));
  CHECK_FALSE(isUpgrade({"GET", 11, without(good, "Upgrade")}));
  CHECK_FALSE(isUpgrade({"GET", 11, changed(good, "Upgrade", "h2c")}));
}

TEST_CASE("method and version of HTTP") {
  for (const char* method : {"POST", "get", "HEAD", "CONNECT", ""}) {
    CHECK(check(good, method).error == Errc::MethodNotGet);
  }
  CHECK(check(good, "GET", 10).error == Errc::HttpVersionTooOld);
}

TEST_CASE("Upgrade and Connection are lists of tokens in any case") {
  CHECK(error(changed(good, "Upgrade", "WebSocket")) == Errc{});
  CHECK(error(changed(good, "Upgrade", "h2c, WEBSOCKET")) == Errc{});
  CHECK(error(changed(good, "Connection", "keep-alive, upgrade")) == Errc{});
  CHECK(error(with(changed(good, "Connection", "keep-alive"), "connection", "UPGRADE")) == Errc{});
  CHECK(error(without(good, "Upgrade")) == Errc::UpgradeMissing);
  CHECK(error(changed(good, "Upgrade", "websockets")) == Errc::UpgradeMissing);
  CHECK(error(changed(good, "Upgrade", "")) == Errc::UpgradeMissing);
  CHECK(error(without(good, "Connection")) == Errc::ConnectionMissing);
  CHECK(error(changed(good, "Connection", "keep-alive")) == Errc::ConnectionMissing);
}

TEST_CASE("Host is required, once") {
  CHECK(error(without(good, "Host")) == Errc::BadRequest);
  CHECK(error(with(good, "host", "other.example.com")) == Errc::BadRequest);
}

TEST_CASE("the version is 13 and nothing else") {
  CHECK(error(without(good, "Sec-WebSocket-Version")) == Errc::VersionUnsupported);
  for (const char* version : {"12", "8", "0", "", "013", "+13", "13.0", "13,8", "13, 13", "8, 13"}) {
    CAPTURE(version);
    CHECK(error(changed(good, "Sec-WebSocket-Version", version)) == Errc::VersionUnsupported);
  }
  CHECK(error(with(good, "Sec-WebSocket-Version", "8")) == Errc::VersionUnsupported);
  // What is wrong with the key of another version is not for this one to say.
  CHECK(error(changed(without(good, "Sec-WebSocket-Key"), "Sec-WebSocket-Version", "8")) ==
        Errc::VersionUnsupported);
}

TEST_CASE("the key is base64 of 16 bytes, once") {
  CHECK(error(changed(good, "Sec-WebSocket-Key", "AQIDBAUGBwgJCgsMDQ4PEC==")) ==
        Errc{});  // WHATWG's, spare bits set
  CHECK(error(changed(good, "Sec-WebSocket-Key", "AQIDBAUGBwgJCgsMDQ4PEA==")) == Errc{});
  CHECK(error(without(good, "Sec-WebSocket-Key")) == Errc::KeyInvalid);
  for (const char* key :
       {"", "!!!!!!!!!!!!!!!!!!!!!!!!", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25j",
        "dGhlIHNhbXBsZSBub25jZTE=", "dGhlIHNhbXBsZSBub25jZTEy", "dGhlIHNhbXBsZSBub25jZQ== ,",
        "dGhlIHNhbXBsZSBub25jZ===", "dGhlIHNhbXBs ZSBub25jZQ==", "dGhl-HNhbXBsZSBub25jZQ=="}) {
    CAPTURE(key);
    CHECK(error(changed(good, "Sec-WebSocket-Key", key)) == Errc::KeyInvalid);
  }
  CHECK(error(with(good, "Sec-WebSocket-Key", sampleKey)) == Errc::KeyInvalid);
}

TEST_CASE("protocols are offered in the client's order, over all lines") {
  CHECK(check(with(good, "Sec-WebSocket-Protocol", "chat")).protocols == Names{"chat"});
  const Headers lines = with(with(good, "Sec-WebSocket-Protocol", "c,a"), "sec-websocket-protocol", " b ");
  CHECK(check(lines).error == Errc{});
  CHECK(check(lines).protocols == Names{"c", "a", "b"});
  CHECK(check(with(good, "Sec-WebSocket-Protocol", "a, A")).protocols == Names{"a", "A"});
}

TEST_CASE("protocol lists that are none") {
  for (const char* list :
       {"", ",", ",,", " ", "a,,b", "a,", ",a", "a b", "a, b c", "a;b", "a, a", "\"a\"", "a/1"}) {
    CAPTURE(list);
    CHECK(error(with(good, "Sec-WebSocket-Protocol", list)) == Errc::ProtocolInvalid);
  }
  CHECK(error(with(with(good, "Sec-WebSocket-Protocol", "a"), "Sec-WebSocket-Protocol", "a")) ==
        Errc::ProtocolInvalid);
}

TEST_CASE("extensions may be offered, in their grammar") {
  CHECK(error(with(good, "Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits")) ==
        Errc{});
  CHECK(error(with(good, "Sec-WebSocket-Extensions", "__proto__; x=\"1\"")) == Errc{});
  for (const char* list : {"", "a;", "a,", "a;b=\"\\c\\c\\c", "a b"}) {
    CAPTURE(list);
    CHECK(error(with(good, "Sec-WebSocket-Extensions", list)) == Errc::ExtensionInvalid);
  }
}

TEST_CASE("the time that hostile headers take grows with their size alone") {
  const std::string spaces(32 * 1024, ' ');
  const std::string commas(32 * 1024, ',');
  const std::string backslashes = "a;b=\"" + std::string(32 * 1024, '\\');
  std::string many = "p0";
  for (int i = 1; many.size() < 32 * 1024; ++i) many += ",p" + std::to_string(i);
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 20; ++i) {
    for (const std::string& value : {spaces, commas, "a" + spaces + "b", spaces + "," + spaces}) {
      CHECK(error(with(good, "Sec-WebSocket-Protocol", value)) == Errc::ProtocolInvalid);
      CHECK(error(with(good, "Sec-WebSocket-Extensions", value)) == Errc::ExtensionInvalid);
      CHECK(error(changed(good, "Connection", value)) == Errc::ConnectionMissing);
      CHECK(error(changed(good, "Sec-WebSocket-Key", value)) == Errc::KeyInvalid);
    }
    CHECK(error(with(good, "Sec-WebSocket-Extensions", backslashes)) == Errc::ExtensionInvalid);
    CHECK(error(with(good, "Sec-WebSocket-Protocol", many)) == Errc{});
  }
  // About 10 MB in all: linear, that is well below a second even under sanitizers; quadratic, minutes.
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(30));
}

TEST_CASE("two thousand headers hide nothing") {
  Headers headers(2000, {"X-Filler", "x"});
  headers.insert(headers.end(), good.begin(), good.end());
  CHECK(error(headers) == Errc{});
  CHECK(error(Headers(2000, {"X-Filler", "x"})) == Errc::UpgradeMissing);
}

TEST_CASE("the head of the 101") {
  CHECK(acceptResponse(sampleKey, "", "") ==
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");
  CHECK(acceptResponse(sampleKey, "chat", "x-ext; a=1", "Set-Cookie: a=1\r\n") ==
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: chat\r\n"
        "Sec-WebSocket-Extensions: x-ext; a=1\r\nSet-Cookie: a=1\r\n\r\n");
}

TEST_CASE("the head of a client's request") {
  ClientHandshake handshake;
  handshake.host = "localhost:5000";
  handshake.target = "/chat?room=1";
  handshake.key = sampleKey;
  CHECK(requestHead(handshake) ==
        "GET /chat?room=1 HTTP/1.1\r\nHost: localhost:5000\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n");
  handshake.protocols = {"a", "b"};
  handshake.origin = "http://localhost";
  handshake.extraHeaders = "Cookie: x=1\r\n";
  CHECK(requestHead(handshake).ends_with(
      "Sec-WebSocket-Protocol: a, b\r\nOrigin: http://localhost\r\nCookie: x=1\r\n\r\n"));
}

TEST_CASE("a good answer passes") {
  const UpgradeResult result = checkAnswer(goodAnswer);
  CHECK(result.error == Errc{});
  CHECK(result.protocol.empty());
  CHECK_FALSE(result.deflate);
  CHECK(answerError(changed(changed(goodAnswer, "Upgrade", "WebSocket"), "Connection",
                            "keep-alive, UPGRADE")) == Errc{});
}

TEST_CASE("anything but a 101 over HTTP/1.1 is a refusal") {
  for (int status : {100, 200, 204, 301, 302, 401, 404, 426, 500, 0}) {
    CHECK(checkAnswer(goodAnswer, {}, status).error == Errc::HandshakeRefused);
  }
  CHECK(checkAnswer(goodAnswer, {}, 101, 10).error == Errc::HttpVersionTooOld);
}

TEST_CASE("an answer has its tokens and the accept value") {
  CHECK(answerError(without(goodAnswer, "Upgrade")) == Errc::UpgradeMissing);
  for (const char* upgrade : {"", "h2c", "h2c, websocket", "websocket, websocket", "websocket/13"}) {
    CAPTURE(upgrade);
    CHECK(answerError(changed(goodAnswer, "Upgrade", upgrade)) == Errc::UpgradeMissing);
  }
  CHECK(answerError(with(goodAnswer, "Upgrade", "websocket")) == Errc::UpgradeMissing);
  CHECK(answerError(without(goodAnswer, "Connection")) == Errc::ConnectionMissing);
  CHECK(answerError(without(goodAnswer, "Sec-WebSocket-Accept")) == Errc::AcceptInvalid);
  for (const char* accept :
       {"", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo", "S3PPLMBITXAQ9KYGZZHZRBK+XOO=", "dGhlIHNhbXBsZSBub25jZQ=="}) {
    CHECK(answerError(changed(goodAnswer, "Sec-WebSocket-Accept", accept)) == Errc::AcceptInvalid);
  }
  CHECK(answerError(with(goodAnswer, "Sec-WebSocket-Accept", sampleAccept)) == Errc::AcceptInvalid);
}

TEST_CASE("an answer chooses one of the protocols that were offered") {
  const auto choose = [](std::string_view value) {
    return with(goodAnswer, "Sec-WebSocket-Protocol", value);
  };
  CHECK(checkAnswer(choose("b"), {"a", "b"}).protocol == "b");
  CHECK(answerError(choose("b"), {"a", "b"}) == Errc{});
  CHECK(answerError(goodAnswer, {"a"}) == Errc::ProtocolInvalid);  // WHATWG
  CHECK(answerError(choose("a")) == Errc::ProtocolInvalid);
  CHECK(answerError(choose("")) == Errc::ProtocolInvalid);
  for (const char* value : {"c", "B", "", "a, b", "a,a"}) {
    CAPTURE(value);
    CHECK(answerError(choose(value), {"a", "b"}) == Errc::ProtocolInvalid);
  }
  CHECK(answerError(with(choose("a"), "sec-websocket-protocol", "a"), {"a", "b"}) == Errc::ProtocolInvalid);
}

TEST_CASE("an answer chooses no extension, since none is offered") {
  for (const char* value : {"permessage-deflate", "x", ""}) {
    CHECK(answerError(with(goodAnswer, "Sec-WebSocket-Extensions", value)) == Errc::ExtensionInvalid);
  }
}
