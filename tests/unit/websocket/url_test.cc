#include "websocket/url.h"

#include <doctest/doctest.h>

#include <string>

#include <duplex/error.h>

using duplex::SyntaxError;
using duplex::websocket::parseUrl;
using duplex::websocket::Url;

TEST_CASE("a URL in its parts") {
  const Url url = parseUrl("ws://Example.COM:8080/a/b?c=d");
  CHECK(url.href == "ws://example.com:8080/a/b?c=d");
  CHECK_FALSE(url.secure);
  CHECK(url.host == "example.com");
  CHECK(url.port == 8080);
  CHECK(url.authority == "example.com:8080");
  CHECK(url.target == "/a/b?c=d");
  CHECK(url.credentials.empty());
}

TEST_CASE("schemes, and the ports that are their own") {
  CHECK(parseUrl("ws://h").port == 80);
  CHECK(parseUrl("http://h").href == "ws://h/");
  CHECK(parseUrl("wss://h").port == 443);
  CHECK(parseUrl("https://h:443").href == "wss://h/");
  CHECK(parseUrl("wss://h:80").authority == "h:80");
  CHECK(parseUrl("WS://h:").authority == "h");
}

TEST_CASE("an IPv6 address has brackets in the authority alone") {
  const Url url = parseUrl("ws://[::1]:5000");
  CHECK(url.host == "::1");
  CHECK(url.authority == "[::1]:5000");
}

TEST_CASE("credentials are decoded, and stay in the URL alone") {
  const Url url = parseUrl("ws://ann:se%63ret@h/x");
  CHECK(url.credentials == "ann:secret");
  CHECK(url.authority == "h");
  CHECK(url.target == "/x");
}

TEST_CASE("what a browser encodes is encoded") {
  CHECK(parseUrl("  ws://h/a b\"<>?q=\xc3\xa4 ").target == "/a%20b%22%3C%3E?q=%C3%A4");
  CHECK(parseUrl("ws://h?x").target == "/?x");
}

TEST_CASE("what is no WebSocket URL") {
  for (const std::string text :
       {"", "h", "//h", "ws:", "ws://", "ws:///x", "ftp://h", "ws://h/#", "ws://h#x", "ws://h:65536",
        "ws://h:x", "ws://a b", "ws://[::1", "ws://[::1]5000", "ws://h/%zz"}) {
    INFO(text.c_str());
    CHECK_THROWS_AS(parseUrl(text), SyntaxError);
  }
}

TEST_CASE("what is said of a URL that is none does not tell its password") {
  const auto said = [](const char* text) -> std::string {
    try {
      parseUrl(text);
    } catch (const SyntaxError& error) {
      return error.what();
    }
    return "nothing";
  };
  CHECK(said("ws://ann:secret@host/#x") ==
        "'ws://host/#x' has a fragment, which a WebSocket URL may not have");
  for (const char* text :
       {"ws://ann:secret@host:99999", "ws://ann:secret@host:x", "ftp://ann:secret@host", "ws://ann:secret@",
        "ws://ann:se/cret@host", "ws://ann:secret#@host", "ws://ann:secret@more@host:x", "ws:ann:secret@host",
        "ann:secret@host", "ws+unix://ann:secret@host/a.sock:/x"}) {
    INFO(text);
    const std::string error = said(text);
    CHECK(error.starts_with("'"));
    CHECK(error.find("cret") == std::string::npos);
    CHECK(error.find("ann") == std::string::npos);
  }
}

TEST_CASE("a Unix socket and what is asked for on it") {
  const Url url = parseUrl("ws+unix:/run/app.sock:/chat?room=1:2");
  CHECK(url.unixSocket.path() == "/run/app.sock");
  CHECK(url.target == "/chat?room=1:2");
  CHECK(url.authority == "localhost");
  CHECK(url.href == "ws+unix:/run/app.sock:/chat?room=1:2");
  CHECK_FALSE(url.secure);
  CHECK(parseUrl("WS+unix:///run/app.sock").unixSocket.path() == "/run/app.sock");
  CHECK(parseUrl("ws+unix:/run/app.sock").href == "ws+unix:/run/app.sock:/");
  CHECK(parseUrl("ws+unix:/run/app.sock:?a").target == "/?a");
  CHECK(parseUrl("ws+unix:here.sock:/").unixSocket.path() == "here.sock");
  CHECK(parseUrl("ws+unix:/a%3Ab c%25.sock:/x y").unixSocket.path() == "/a:b c%.sock");
  CHECK(parseUrl("ws+unix:/a%3Ab c%25.sock:/x y").href == "ws+unix:/a%3Ab%20c%25.sock:/x%20y");
}

TEST_CASE("what is no URL of a Unix socket") {
  for (const std::string text :
       {"ws+unix:", "ws+unix::/x", "ws+unix://host/a.sock", "ws+unix:/a.sock:/x#y", "ws+unix:/a.sock:x",
        "ws+unix:/a.sock?x", "ws+unix:/a%zz", "ws+unix:/a%00b", "ws+unix:/a.sock:/%zz", "wss+unix:/a.sock"}) {
    INFO(text.c_str());
    CHECK_THROWS_AS(parseUrl(text), SyntaxError);
  }
  CHECK_THROWS_AS(parseUrl("ws+unix:/" + std::string(107, 'x')), SyntaxError);
  CHECK(parseUrl("ws+unix:/" + std::string(106, 'x')).unixSocket.path().size() == 107);
}

TEST_CASE("one origin is one scheme, host and port, or one socket") {
  using duplex::websocket::sameOrigin;
  const auto same = [](const char* a, const char* b) { return sameOrigin(parseUrl(a), parseUrl(b)); };
  CHECK(same("ws://a/x", "ws://A:80/y?z"));
  CHECK(same("ws+unix:/a.sock:/x", "ws+unix:/a.sock:/y"));
  CHECK_FALSE(same("ws://a", "wss://a:80"));
  CHECK_FALSE(same("ws://a", "ws://a:81"));
  CHECK_FALSE(same("ws://a", "ws://a."));
  CHECK_FALSE(same("ws://a", "ws://b.a"));
  CHECK_FALSE(same("ws+unix:/a.sock:/x", "ws+unix:/b.sock:/x"));
  CHECK_FALSE(same("ws+unix:/a.sock:/x", "ws://localhost/x"));
}
