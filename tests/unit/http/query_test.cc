#include "http/query.h"

#include <doctest/doctest.h>

using namespace duplex;

namespace {

std::string shown(std::string_view query) {
  std::vector<Field> parameters;
  std::forward_list<std::string> decoded;
  http::parseQuery(query, parameters, decoded);
  std::string text;
  for (const Field& field : parameters)
    text.append("[").append(field.name).append("|").append(field.value).append("]");
  return text;
}

}  // namespace

TEST_CASE("queries") {
  CHECK(shown("") == "");
  CHECK(shown("a=1&b=2") == "[a|1][b|2]");
  CHECK(shown("a&b=&=c&&") == "[a|][b|][|c]");
  CHECK(shown("a=b=c") == "[a|b=c]");
  CHECK(shown("a+b=%26%3d+%2B") == "[a b|&= +]");
  CHECK(shown("a=1&a=2") == "[a|1][a|2]");
  CHECK(shown("x=%") == "[x|%]");
  CHECK(shown("x=%2") == "[x|%2]");
  CHECK(shown("?x=%E2%82%AC") == "[?x|\xe2\x82\xac]");
}
