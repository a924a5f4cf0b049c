#include "http/percent.h"

#include <doctest/doctest.h>

using namespace duplex::http;

TEST_CASE("percent-decoding is strict") {
  std::string decoded;
  CHECK(percentDecode("a%20b%C3%a9+", decoded));
  CHECK(decoded == "a b\xc3\xa9+");
  CHECK(percentDecode("", decoded));
  CHECK(decoded.empty());
  for (const char* bad : {"%", "%2", "a%", "%zz", "%2g", "%%20", "%00", "a%00b"})
    CHECK_FALSE(percentDecode(bad, decoded));
}

TEST_CASE("form decoding takes what comes") {
  CHECK(formDecode("a+b%2Bc") == "a b+c");
  CHECK(formDecode("100%") == "100%");
  CHECK(formDecode("%zz%4") == "%zz%4");
  CHECK(formDecode("%41%42") == "AB");
}

TEST_CASE("a URL is made safe and is otherwise left alone") {
  CHECK(encodeUrl("/a%20b?c=d&e#f") == "/a%20b?c=d&e#f");
  CHECK(encodeUrl("/a b\r\nX: y") == "/a%20b%0D%0AX:%20y");
  CHECK(encodeUrl("/caf\xc3\xa9") == "/caf%C3%A9");
  CHECK(encodeUrl("\"<>\\^`{|}") == "%22%3C%3E%5C%5E%60%7B%7C%7D");
  CHECK(encodeUrl("50%") == "50%25");
  CHECK(encodeUrl("http://[::1]:80/") == "http://[::1]:80/");
}
