#include "http/media_type.h"

#include <doctest/doctest.h>

using namespace duplex::http;

TEST_CASE("is") {
  CHECK(isType("application/json; charset=utf-8", "json"));
  CHECK(isType("Application/JSON", "application/json"));
  CHECK(isType("text/html", "text/*"));
  CHECK(isType("text/html", "html"));
  CHECK(isType("application/ld+json", "+json"));
  CHECK(isType("application/x-www-form-urlencoded", "urlencoded"));
  CHECK(isType("multipart/form-data; boundary=x", "multipart"));
  CHECK_FALSE(isType("text/html", "json"));
  CHECK_FALSE(isType("texts/html", "text/*"));
  CHECK_FALSE(isType("", "json"));
  CHECK_FALSE(isType("text/html", "no-such-ending"));
}

TEST_CASE("accepts") {
  CHECK(preferredType("", {"json", "html"}) == "json");
  CHECK(preferredType("*/*", {"json", "html"}) == "json");
  CHECK(preferredType("text/html", {"json", "html"}) == "html");
  CHECK(preferredType("text/*;q=0.5, application/json", {"html", "json"}) == "json");
  CHECK(preferredType("text/html;q=0.8, */*;q=0.9", {"html", "png"}) == "png");
  CHECK(preferredType("text/*, text/html;q=0", {"html"}) == "");
  CHECK(preferredType("text/html;level=1;q=0.3, text/plain;Q=0.4", {"html", "txt"}) == "txt");
  CHECK(preferredType("image/png", {"json", "html"}) == "");
  CHECK(preferredType("text/html;q=nonsense", {"html"}) == "");
  CHECK(preferredType("*/*", {}) == "");
}
