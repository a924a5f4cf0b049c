#include "http/pattern.h"

#include <doctest/doctest.h>

#include <stdexcept>

using namespace duplex;
using http::Pattern;
using Extent = Pattern::Extent;

namespace {

/// "no", "bad", or what matched with the parameters: "/a[id=7]".
std::string match(const char* pattern, const char* path, Extent extent = Extent::Whole) {
  const Pattern compiled(pattern, extent);
  std::vector<Field> params{{"kept", ""}};
  std::forward_list<std::string> decoded;
  std::size_t matched = 0;
  const Pattern::Result result = compiled.match(path, matched, params, decoded);
  if (result != Pattern::Result::Yes) {
    CHECK(params.size() == 1);
    return result == Pattern::Result::No ? "no" : "bad";
  }
  std::string text(path, matched);
  for (std::size_t i = 1; i < params.size(); ++i) {
    text.append("[").append(params[i].name).append("=").append(params[i].value).append("]");
  }
  return text;
}
std::string prefix(const char* pattern, const char* path) {
  return match(pattern, path, Extent::Prefix);
}

}  // namespace

TEST_CASE("plain paths") {
  CHECK(match("/", "/") == "");
  CHECK(match("/a/b", "/a/b") == "/a/b");
  CHECK(match("/a/b", "/A/B/") == "/A/B");
  CHECK(match("/a/b/", "/a/b") == "/a/b");
  CHECK(match("a", "/a") == "/a");
  for (const char* path : {"/", "/a", "/a/b/c", "/a/bb", "/a//b", "/a/b//", "//a/b"})
    CHECK(match("/a/b", path) == "no");
}

TEST_CASE("another spelling of a path is the same path") {
  CHECK(match("/admin", "/%61dmin") == "/%61dmin");
  CHECK(prefix("/admin", "/%41DMIN/x") == "/%41DMIN");
  CHECK(match("/a", "/%zz") == "no");
  CHECK(match("/a/b", "/a%2fb") == "no");
}

TEST_CASE("parameters") {
  CHECK(match("/users/:id", "/users/7") == "/users/7[id=7]");
  CHECK(match("/users/:id", "/Users/A%20b/") == "/Users/A%20b[id=A b]");
  CHECK(match("/:a/x/:b_1", "/1/X/2") == "/1/X/2[a=1][b_1=2]");
  CHECK(match("/users/:id", "/users/a%2Fb") == "/users/a%2Fb[id=a/b]");
  CHECK(match("/users/:id", "/users/%zz") == "bad");
  CHECK(match("/users/:id", "/users/%") == "bad");
  CHECK(match("/users/:id", "/users/%00") == "bad");
  CHECK(match("/users/:id", "/users/%zz/more") == "no");
  for (const char* path : {"/users", "/users/", "/users/1/2", "/users//"})
    CHECK(match("/users/:id", path) == "no");
}

TEST_CASE("optional parameters and wildcards") {
  CHECK(match("/a/:b?", "/a") == "/a");
  CHECK(match("/a/:b?", "/a/") == "/a");
  CHECK(match("/a/:b?", "/a/c") == "/a/c[b=c]");
  CHECK(match("/a/:b?", "/a/c/d") == "no");
  CHECK(match("/files/*", "/files/a/b.txt") == "/files/a/b.txt[*=a/b.txt]");
  CHECK(match("/files/*", "/files/") == "/files/[*=]");
  CHECK(match("/files/*", "/files") == "no");
  CHECK(match("/files/*", "/files/%2e%2e/x") == "/files/%2e%2e/x[*=../x]");
  CHECK(match("*", "/any/thing") == "/any/thing[*=any/thing]");
  CHECK(match("*", "/") == "/[*=]");
}

TEST_CASE("prefixes are whole segments") {
  CHECK(prefix("/", "/a/b") == "");
  CHECK(prefix("/api", "/api/users") == "/api");
  CHECK(prefix("/api", "/API") == "/API");
  CHECK(prefix("/api/", "/api/") == "/api");
  CHECK(prefix("/api", "/apis") == "no");
  CHECK(prefix("/:tenant", "/x/y") == "/x[tenant=x]");
}

TEST_CASE("what is no pattern is refused when it is set up") {
  for (const char* pattern : {"/:", "/:?", "/:a-b", "/a*", "/*/b", "/:a?/b", "/x/:id(\\d+)"}) {
    CAPTURE(pattern);
    CHECK_THROWS_AS(Pattern(pattern, Extent::Whole), std::invalid_argument);
  }
}
