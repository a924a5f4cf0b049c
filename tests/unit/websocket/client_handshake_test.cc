#include "websocket/client_handshake.h"

#include <doctest/doctest.h>

#include <string>

#include <duplex/error.h>

#include "websocket/url.h"

using namespace duplex;
using websocket::checkOptions;
using websocket::makeHandshake;
using websocket::parseUrl;

namespace {

std::string requestOf(const char* url, const ClientOptions& options) {
  checkOptions(options);
  return protocol::requestHead(makeHandshake(parseUrl(url), options));
}

bool has(const std::string& request, const std::string& line) {
  return request.find("\r\n" + line + "\r\n") != std::string::npos;
}

}  // namespace

TEST_CASE("headers and cookies go along, the cookies in one line") {
  const std::string request =
      requestOf("ws://h/x", {.headers = {{"X-Colour", "blue"}, {"X-Empty", ""}, {"X-Colour", "green"}},
                             .cookies = {{"session", "a\"b=c"}, {"theme", ""}}});
  CHECK(has(request, "X-Colour: blue\r\nX-Empty: \r\nX-Colour: green"));
  CHECK(has(request, "Cookie: session=a\"b=c; theme="));
  CHECK(request.find("Cookie", request.find("Cookie") + 1) == std::string::npos);
  CHECK(request.ends_with("\r\n\r\n"));
}

TEST_CASE("the credentials of the URL, unless there are others") {
  CHECK(has(requestOf("ws://ann:secret@h", {}), "Authorization: Basic YW5uOnNlY3JldA=="));
  const std::string own = requestOf("ws://ann:secret@h", {.headers = {{"authorization", "Bearer token"}}});
  CHECK(has(own, "authorization: Bearer token"));
  CHECK(own.find("Basic") == std::string::npos);
}

TEST_CASE("headers that would be more than one, or belong to the handshake") {
  for (const std::string name : {"",
                                 "a b",
                                 "a:",
                                 "a\r\nb",
                                 "host",
                                 "UPGRADE",
                                 "Connection",
                                 "Sec-WebSocket-Key",
                                 "sec-websocket-version",
                                 "Sec-WebSocket-Protocol",
                                 "Sec-WebSocket-Extensions",
                                 "Sec-WebSocket-Accept",
                                 "Content-Length",
                                 "Transfer-Encoding",
                                 "TE",
                                 "Trailer",
                                 "Expect",
                                 "Keep-Alive",
                                 "Proxy-Connection",
                                 "Proxy-Authorization"}) {
    INFO(name.c_str());
    CHECK_THROWS_AS(checkOptions({.headers = {{name, "x"}}}), SyntaxError);
  }
  const std::string nul("a\0b", 3);
  for (const std::string& value :
       {std::string("a\r\nX: y"), std::string("a\nX: y"), std::string("a\rb"), nul, std::string("\x7f")}) {
    CHECK_THROWS_AS(checkOptions({.headers = {{"X", value}}}), SyntaxError);
    CHECK_THROWS_AS(checkOptions({.origin = value}), SyntaxError);
    CHECK_THROWS_AS(checkOptions({.cookies = {{"a", value}}}), SyntaxError);
    CHECK_THROWS_AS(checkOptions({.cookies = {{value, "a"}}}), SyntaxError);
  }
  CHECK_THROWS_AS(checkOptions({.headers = {{"Origin", "http://a"}}, .origin = "http://b"}), SyntaxError);
  checkOptions({.headers = {{"Origin", "http://a"}}});
}

TEST_CASE("cookies that would be two, or none") {
  for (const std::string value : {"a;b", "a,b", "a b", "a\\b", "\xc3\xa4"}) {
    CHECK_THROWS_AS(checkOptions({.cookies = {{"a", value}}}), SyntaxError);
  }
  for (const std::string name : {"", "a=b", "a;b", "a b"}) {
    CHECK_THROWS_AS(checkOptions({.cookies = {{name, "x"}}}), SyntaxError);
  }
  CHECK_THROWS_AS(checkOptions({.headers = {{"cookie", "a=b"}}, .cookies = {{"c", "d"}}}), SyntaxError);
}
