#include "http/cookie.h"

#include <doctest/doctest.h>

#include <chrono>
#include <stdexcept>

using namespace duplex;
using http::makeCookie;

namespace {

std::string shown(std::string_view header) {
  std::vector<Field> cookies;
  http::parseCookies(header, cookies);
  std::string text;
  for (const Field& field : cookies)
    text.append("[").append(field.name).append("|").append(field.value).append("]");
  return text;
}

}  // namespace

TEST_CASE("the Cookie header") {
  CHECK(shown("a=1; b=2") == "[a|1][b|2]");
  CHECK(shown("a=1;b=\"2 3\" ; c=x=y") == "[a|1][b|2 3][c|x=y]");
  CHECK(shown("nothing; =x; a=; ;;") == "[a|]");
  CHECK(shown("a=\"") == "[a|\"]");
  CHECK(shown("") == "");
}

TEST_CASE("the Set-Cookie header") {
  CHECK(makeCookie("id", "x", {}) == "id=x; Path=/; HttpOnly; SameSite=Lax");
  CHECK(makeCookie("id", "x",
                   {.path = "/a",
                    .domain = "b.c",
                    .maxAge = std::chrono::seconds(60),
                    .httpOnly = false,
                    .secure = true,
                    .sameSite = "None"}) == "id=x; Path=/a; Domain=b.c; Max-Age=60; Secure; SameSite=None");
  CHECK(makeCookie("id", "",
                   {.path = "", .maxAge = std::chrono::seconds(0), .httpOnly = false, .sameSite = ""}) ==
        "id=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT");
  CHECK(makeCookie("id", "\"quoted\"", {.path = "", .httpOnly = false, .sameSite = ""}) == "id=\"quoted\"");
}

TEST_CASE("a cookie cannot carry anything else") {
  for (const char* name : {"", "a b", "a=b", "a;b", "a\r\nb"})
    CHECK_THROWS_AS(makeCookie(name, "x", {}), std::invalid_argument);
  for (const char* value : {"a b", "a;b", "a,b", "a\\b", "a\"b", "a\r\nX: y", "\xc3\xa9", "\""}) {
    CHECK_THROWS_AS(makeCookie("id", value, {}), std::invalid_argument);
  }
  CHECK_THROWS_AS(makeCookie("id", "x", {.path = "/;a"}), std::invalid_argument);
  CHECK_THROWS_AS(makeCookie("id", "x", {.domain = "a\r\nb"}), std::invalid_argument);
  CHECK_THROWS_AS(makeCookie("id", "x", {.sameSite = "lax; Domain=evil"}), std::invalid_argument);
  CHECK_THROWS_AS(makeCookie("id", "x", {.sameSite = "None"}), std::invalid_argument);
}
