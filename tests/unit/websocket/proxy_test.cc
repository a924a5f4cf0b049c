#include "websocket/proxy.h"

#include <doctest/doctest.h>

#include <map>
#include <string>

#include <duplex/duplex.h>

using namespace duplex;
using websocket::chooseProxy;
using websocket::connectHead;
using websocket::parseProxy;
using websocket::parseUrl;
using websocket::Proxy;

namespace {

std::string choose(const char* url, const std::map<std::string, std::string>& environment) {
  return chooseProxy(parseUrl(url), [&](const char* name) {
    const auto found = environment.find(name);
    return found == environment.end() ? std::string() : found->second;
  });
}

/// Whether the proxy is passed by for `url` with this `no_proxy`.
bool excepted(const char* url, const std::string& list) {
  return choose(url, {{"all_proxy", "http://p"}, {"no_proxy", list}}).empty();
}

}  // namespace

TEST_CASE("a proxy in its parts") {
  const Proxy proxy = parseProxy("http://ann:se%63ret@Proxy.test:3128");
  CHECK(proxy.host == "proxy.test");
  CHECK(proxy.port == 3128);
  CHECK(proxy.credentials == "ann:secret");
  CHECK(proxy.name() == "proxy.test:3128");
  CHECK(parseProxy("http://p/").port == 80);
  CHECK(parseProxy("[::1]:8080").name() == "[::1]:8080");
  CHECK(parseProxy("ann:secret@p:1").credentials == "ann:secret");
}

TEST_CASE("what is no proxy, told without its password") {
  for (const std::string text : {"", "https://ann:secret@p", "socks5://p:1080", "http://p/path", "http://p?x",
                                 "http://", "http://ann:secret@p:99999", "ws://p", "p\r\nX: y"}) {
    INFO(text.c_str());
    try {
      parseProxy(text);
      FAIL_CHECK("was taken");
    } catch (const SyntaxError& error) {
      CHECK(std::string(error.what()).find("secret") == std::string::npos);
    }
  }
  CHECK_THROWS_AS(WebSocket("ws://h", {.proxy = "socks5://p"}), SyntaxError);
}

TEST_CASE("what asks for a tunnel names the server with its port, and has the credentials") {
  const Proxy open = parseProxy("http://p:1");
  CHECK(connectHead(open, parseUrl("ws://ann:secret@H/x?y")) ==
        "CONNECT h:80 HTTP/1.1\r\nHost: h:80\r\n\r\n");
  CHECK(connectHead(open, parseUrl("wss://h")).starts_with("CONNECT h:443 "));
  CHECK(connectHead(open, parseUrl("wss://h:80")).starts_with("CONNECT h:80 "));
  CHECK(connectHead(open, parseUrl("ws://[::1]")).starts_with("CONNECT [::1]:80 "));
  CHECK(connectHead(parseProxy("http://ann:secret@p:1"), parseUrl("ws://h")) ==
        "CONNECT h:80 HTTP/1.1\r\nHost: h:80\r\nProxy-Authorization: Basic YW5uOnNlY3JldA==\r\n\r\n");
  // What is encoded in a host stays so.
  CHECK(connectHead(open, parseUrl("ws://a%0d%0aX:80/")).find("\r\nX") == std::string::npos);
}

TEST_CASE("the variable for the scheme, then that for all") {
  CHECK(choose("ws://h", {{"http_proxy", "a"}, {"https_proxy", "b"}, {"all_proxy", "c"}}) == "a");
  CHECK(choose("wss://h", {{"http_proxy", "a"}, {"https_proxy", "b"}, {"all_proxy", "c"}}) == "b");
  CHECK(choose("wss://h", {{"HTTPS_PROXY", "b"}, {"all_proxy", "c"}}) == "b");
  CHECK(choose("wss://h", {{"http_proxy", "a"}, {"ALL_PROXY", "c"}}) == "c");
  CHECK(choose("ws://h", {{"all_proxy", "c"}, {"ALL_PROXY", "d"}}) == "c");
  CHECK(choose("ws://h", {}).empty());
  // A CGI program has a client's header there.
  CHECK(choose("ws://h", {{"HTTP_PROXY", "evil"}}).empty());
}

TEST_CASE("this machine has no proxy") {
  for (const char* url : {"ws://localhost", "ws://app.LOCALHOST.:80/", "ws://127.0.0.9", "ws://[::1]",
                          "ws+unix:/run/app.sock"}) {
    INFO(url);
    CHECK(choose(url, {{"all_proxy", "http://p"}}).empty());
  }
}

TEST_CASE("names that have no proxy") {
  CHECK(excepted("ws://a.test", "a.test"));
  CHECK(excepted("ws://x.a.test", "b.test,a.test"));
  CHECK(excepted("ws://x.a.test", " .A.test "));
  CHECK(excepted("ws://x.a.test", "b *.a.test"));
  CHECK(excepted("ws://a.test.", "a.test"));
  CHECK(excepted("ws://anything", "*"));
  CHECK(excepted("ws://a.test", "a.test:80"));
  CHECK(excepted("wss://a.test", "a.test:443"));
  CHECK_FALSE(excepted("wss://a.test", "a.test:80"));
  CHECK_FALSE(excepted("ws://a.test", "a.test:x"));
  CHECK_FALSE(excepted("ws://xa.test", "a.test"));
  CHECK_FALSE(excepted("ws://a.test", "x.a.test"));
  CHECK_FALSE(excepted("ws://a.test", ", ,."));
}

TEST_CASE("addresses that have no proxy") {
  CHECK(excepted("ws://10.1.2.3", "10.1.2.3"));
  CHECK(excepted("ws://10.1.2.3:81", "10.1.2.3:81"));
  CHECK(excepted("ws://10.1.2.3", "10.0.0.0/8"));
  CHECK(excepted("ws://10.1.2.3", "10.1.2.2/31"));
  CHECK(excepted("ws://[2001:db8::1]", "2001:db8::1"));
  CHECK(excepted("ws://[2001:db8::1]:81", "[2001:db8::1]:81"));
  CHECK(excepted("ws://[2001:db8::1]", "2001:db8::/32"));
  CHECK(excepted("ws://10.1.2.3", "0.0.0.0/0"));
  CHECK_FALSE(excepted("ws://10.1.2.3", "2.3"));
  CHECK_FALSE(excepted("ws://10.1.2.3", "10.1.2.4/31"));
  CHECK_FALSE(excepted("ws://10.1.2.3", "11.0.0.0/8"));
  CHECK_FALSE(excepted("ws://10.1.2.3", "10.1.2.3/33"));
  CHECK_FALSE(excepted("ws://10.1.2.3", "10.1.2.3/"));
  CHECK_FALSE(excepted("ws://[2001:db8::1]", "10.0.0.0/8"));
}

TEST_CASE("from the environment itself") {
  ::setenv("http_proxy", "http://from.test:3128", 1);
  ::unsetenv("no_proxy");
  ::unsetenv("NO_PROXY");
  CHECK(proxyFromEnvironment("ws://h") == "http://from.test:3128");
  ::unsetenv("http_proxy");
  CHECK_THROWS_AS(proxyFromEnvironment("no url"), SyntaxError);
}
