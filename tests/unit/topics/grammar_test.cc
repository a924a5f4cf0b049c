#include "topics/grammar.h"

#include <doctest/doctest.h>

#include <string>

#include <duplex/error.h>

using namespace duplex;
using namespace duplex::topics;

TEST_CASE("a topic is tokens without wildcards") {
  for (const char* topic : {"a", "a.b", "prices.usd.eur", "a b./?#:", "$SYS.x", "\xc3\xa4.\xff"}) {
    CAPTURE(topic);
    CHECK_NOTHROW(checkTopic(topic));
    CHECK_NOTHROW(checkPattern(topic));
    CHECK_FALSE(hasWildcards(topic));
  }
}

TEST_CASE("a wildcard is for those who subscribe") {
  for (const char* pattern : {"*", ">", "a.*", "*.b", "a.*.c", "*.*", "a.>", "*.>", "a.*.>"}) {
    CAPTURE(pattern);
    CHECK_NOTHROW(checkPattern(pattern));
    CHECK(hasWildcards(pattern));
    CHECK_THROWS_AS(checkTopic(pattern), SyntaxError);
  }
}

TEST_CASE("an empty token, and a wildcard in a wrong place, are refused") {
  for (const char* text : {"", ".", "a.", ".a", "a..b", "..", "a.>.b", ">.a", ">.>", ">.", "a*", "*a",
                           "a.b*.c", "**", "*>", "a>", ">a", "a.*b", "*."}) {
    CAPTURE(text);
    CHECK_THROWS_AS(checkPattern(text), SyntaxError);
    CHECK_THROWS_AS(checkTopic(text), SyntaxError);
  }
}

TEST_CASE("length and depth have limits") {
  CHECK_NOTHROW(checkTopic(std::string(maxTopicLength, 'x')));
  CHECK_THROWS_AS(checkTopic(std::string(maxTopicLength + 1, 'x')), SyntaxError);
  CHECK_THROWS_AS(checkPattern(std::string(maxTopicLength + 1, 'x')), SyntaxError);
  std::string deepest = "x";
  for (std::size_t i = 1; i < maxTopicTokens; ++i) deepest += ".x";
  CHECK_NOTHROW(checkTopic(deepest));
  CHECK_NOTHROW(checkPattern(deepest));
  CHECK_THROWS_AS(checkTopic(deepest + ".x"), SyntaxError);
  CHECK_THROWS_AS(checkPattern(deepest + ".>"), SyntaxError);
}

TEST_CASE("what is wrong is said, and nothing of what was given") {
  const auto words = [](const char* text) -> std::string {
    try {
      checkPattern(text);
    } catch (const SyntaxError& error) {
      return error.what();
    }
    return {};
  };
  CHECK(words("secret..x") == "subscribe: not a topic: it has an empty token");
  CHECK(words("secret*") == "subscribe: not a topic: a wildcard is a token by itself");
  CHECK(words("secret.>.x") == "subscribe: not a topic: '>' is not its last token");
  CHECK_THROWS_WITH_AS(checkTopic("a.*"), "publish: not a topic: wildcards are for subscriptions",
                       SyntaxError);
}

TEST_CASE("tokens are taken from the front") {
  std::string_view rest = "a.bc.d";
  CHECK(takeToken(rest) == "a");
  CHECK(takeToken(rest) == "bc");
  CHECK(rest == "d");
  CHECK(takeToken(rest) == "d");
  CHECK(rest.empty());
}
