#include "websocket/redirect.h"

#include <doctest/doctest.h>

#include <string>

#include <duplex/error.h>

using duplex::SyntaxError;
using duplex::websocket::parseUrl;
using duplex::websocket::redirected;
using duplex::websocket::Url;

namespace {

std::string follow(const char* from, const std::string& location) {
  return redirected(parseUrl(from), location).href;
}

}  // namespace

TEST_CASE("where a redirect leads") {
  CHECK(follow("ws://a/x/y?z", "/b") == "ws://a/b");
  CHECK(follow("ws://a/x/y?z", "b?c") == "ws://a/x/b?c");
  CHECK(follow("ws://a/x/y?z", "?c") == "ws://a/x/y?c");
  CHECK(follow("ws://a/x/y", "../../b/./c") == "ws://a/b/c");
  CHECK(follow("ws://a:81/x", "//b/y") == "ws://b/y");
  CHECK(follow("wss://a/x", "//b/y") == "wss://b/y");
  CHECK(follow("ws://a/x", "http://B:82/y") == "ws://b:82/y");
  CHECK(follow("ws://a/x", "https://b/y") == "wss://b/y");
  CHECK(follow("wss://a/x", "wss://a:444/y") == "wss://a:444/y");
  CHECK(follow("ws://a/", "/b c/\xc3\xa4") == "ws://a/b%20c/%C3%A4");
  CHECK(follow("ws://[::1]:81/", "/b") == "ws://[::1]:81/b");
}

TEST_CASE("credentials stay with their origin, and no server gives others") {
  CHECK(redirected(parseUrl("ws://u:p@a/x"), "/b").credentials == "u:p");
  CHECK(redirected(parseUrl("ws://u:p@a/x"), "http://A:80/b").credentials == "u:p");
  for (const char* location : {"ws://b/", "ws://a:81/", "wss://a/", "wss://a:80/", "ws://x.a/", "//b/"}) {
    INFO(location);
    CHECK(redirected(parseUrl("ws://u:p@a/x"), location).credentials.empty());
  }
  const Url given = redirected(parseUrl("ws://u:p@a/x"), "ws://v:q@b/");
  CHECK(given.credentials.empty());
  CHECK(given.href == "ws://b/");
  CHECK(redirected(parseUrl("ws://u:p@a/x"), "ws://v:q@a/").credentials == "u:p");
}

TEST_CASE("redirects on a Unix socket stay there, or leave it for good") {
  const Url on = redirected(parseUrl("ws+unix:/run/a.sock:/x/y"), "z?q");
  CHECK(on.unixSocket.path() == "/run/a.sock");
  CHECK(on.target == "/x/z?q");
  CHECK(on.href == "ws+unix:/run/a.sock:/x/z?q");
  CHECK(redirected(parseUrl("ws+unix:/run/a.sock:/x"), "http://localhost/").unixSocket.path().empty());
  CHECK(redirected(parseUrl("ws+unix:/run/a.sock:/x"), "//localhost/x").unixSocket.path().empty());
}

TEST_CASE("where no redirect may lead") {
  for (const char* location : {"ws://a/x", "http://a/x", "ws://b/"}) {
    INFO(location);
    CHECK_THROWS_AS(redirected(parseUrl("wss://a/x"), location), SyntaxError);
  }
  for (const std::string location :
       {"ftp://b/", "ws+unix:/run/a.sock:/", "ws+unix:///run/a.sock", "javascript:x", "ws://", "/b#c",
        "ws://b:x/", "http://[::1", "mailto:a@b"}) {
    INFO(location.c_str());
    CHECK_THROWS_AS(redirected(parseUrl("ws://a/x"), location), SyntaxError);
  }
}
