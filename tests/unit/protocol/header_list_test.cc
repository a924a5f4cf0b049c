#include "protocol/header_list.h"

#include <doctest/doctest.h>

#include <string>

using namespace duplex::protocol;
using namespace std::string_literals;

namespace {

using Tokens = std::vector<std::string_view>;

}  // namespace

TEST_CASE("tokens") {
  CHECK(isToken("chat"));
  CHECK(isToken("!#$%&'*+-.^_`|~09azAZ"));
  for (const std::string& text :
       {""s, "a b"s, "a,b"s, "a/b"s, "\"a\""s, "a;b"s, "a=b"s, "a\tb"s, "\x80"s, "a\0"s, "(a)"s}) {
    CAPTURE(text);
    CHECK_FALSE(isToken(text));
  }
}

TEST_CASE("what may stand in a header line") {
  CHECK(isFieldValue(""));
  CHECK(isFieldValue("a b\tc \xC3\xA9"));
  for (const std::string& text : {"a\rb"s, "a\nb"s, "a\r\nSet-Cookie: x=1"s, "\0"s, "\x1F"s, "\x7F"s}) {
    CHECK_FALSE(isFieldValue(text));
  }
}

TEST_CASE("a token is found in a list, whatever the case and the white space") {
  for (const char* list : {"upgrade", "Upgrade", "keep-alive, Upgrade", "Upgrade,keep-alive",
                           "a ,\tUPGRADE\t, b", ",upgrade", "upgrade,", ",,upgrade,,"}) {
    CAPTURE(list);
    CHECK(hasToken(list, "upgrade"));
  }
  for (const char* list :
       {"", " ", ",", "upgraded", "xupgrade", "upgrade/1", "up grade", "\"upgrade\"", "upgrade;q=1"}) {
    CAPTURE(list);
    CHECK_FALSE(hasToken(list, "upgrade"));
  }
}

TEST_CASE("lines of one name are one list") {
  const HeaderField headers[] = {
      {"Connection", "keep-alive"}, {"Host", "upgrade"}, {"CONNECTION", "Upgrade"}};
  CHECK(hasToken(headers, "connection", "upgrade"));
  CHECK_FALSE(hasToken(headers, "connection", "close"));
  CHECK(countFields(headers, "connection") == 2);
  CHECK_FALSE(onlyField(headers, "connection"));
  CHECK_FALSE(onlyField(headers, "origin"));
  CHECK(onlyField(headers, "HOST") == "upgrade");
}

TEST_CASE("lists of tokens") {
  Tokens tokens;
  CHECK(parseTokens("a", tokens));
  CHECK(parseTokens(" b ,\tc", tokens));
  CHECK(tokens == Tokens{"a", "b", "c"});
  for (const char* list : {"", " ", ",", ",,", "a,", ",a", "a,,b", "a, ,b", "a b", "a;b", "\"a\"", "a/1"}) {
    CAPTURE(list);
    CHECK_FALSE(parseTokens(list, tokens));
  }
}

TEST_CASE("the grammar of Sec-WebSocket-Extensions") {
  for (const char* value :
       {"foo", "foo;bar", "foo; bar; baz=2", "foo;bar=\"x\"", "foo , baz; q = \"\\a\\b\"", "foo,bar;x=1,foo",
        "permessage-deflate; client_max_window_bits", "__proto__", "constructor;hasOwnProperty=1"}) {
    CAPTURE(value);
    CHECK(isExtensionList(value));
  }
  for (const char* value : {"",
                            " ",
                            ",",
                            "foo,",
                            ",foo",
                            "foo;",
                            "foo;;bar",
                            "foo;=1",
                            "foo;bar=",
                            "foo=1",
                            "foo bar",
                            "foo;bar baz",
                            "foo;bar=1 2",
                            "foo;bar=\"",
                            "foo;bar=\"x",
                            "foo;bar=\"\"",
                            "foo;bar=\"a b\"",
                            "foo;bar=\"x\"y",
                            "foo;bar=\"\\",
                            "foo;bar=\"\\\"",
                            "\"foo\"",
                            "foo;bar=\"a,b\""}) {
    CAPTURE(value);
    CHECK_FALSE(isExtensionList(value));
  }
}
