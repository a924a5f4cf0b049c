#include "http/mime.h"

#include <doctest/doctest.h>

using duplex::http::mimeType;

TEST_CASE("endings and their types") {
  CHECK(mimeType("index.html") == "text/html; charset=utf-8");
  CHECK(mimeType(".PNG") == "image/png");
  CHECK(mimeType("json") == "application/json; charset=utf-8");
  CHECK(mimeType("a/b.tar.gz") == "application/gzip");
  CHECK(mimeType("7z") == "application/x-7z-compressed");
  CHECK(mimeType("zip") == "application/zip");
  CHECK(mimeType("Makefile") == "");
  CHECK(mimeType("x.") == "");
  CHECK(mimeType("") == "");
  CHECK(mimeType("a.an-ending-that-is-very-long") == "");
}
